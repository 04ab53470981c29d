// Any ATen operator, called by schema name through the dispatcher.
#include "interface.h"

#include <ATen/core/Generator.h>
#include <ATen/core/dispatch/Dispatcher.h>

// Mirrors the managed enum ValueKind.
enum class Kind : int32_t {
    none, tensor, integer, real, boolean, integers, tensors, optional_tensors, text, device, generator
};

// Mirrors the managed struct Value.
struct Value {
    union {
        int64_t integer;
        double real;
        void* pointer;
    };
    Kind kind;
    int32_t count;
};

static c10::IValue to_ivalue(const Value& value)
{
    switch (value.kind) {
    case Kind::none: return {};
    case Kind::tensor: return *static_cast<at::Tensor*>(value.pointer);
    case Kind::integer: return value.integer;
    case Kind::real: return value.real;
    case Kind::boolean: return value.integer != 0;
    case Kind::integers: return at::IntArrayRef(static_cast<int64_t*>(value.pointer), value.count);
    case Kind::tensors: return from_handles(static_cast<at::Tensor**>(value.pointer), value.count);
    case Kind::optional_tensors: {
        c10::impl::GenericList list(c10::OptionalType::create(c10::TensorType::get()));
        auto handles = static_cast<at::Tensor**>(value.pointer);
        for (int32_t i = 0; i < value.count; i++) list.push_back(handles[i] ? c10::IValue(*handles[i]) : c10::IValue());
        return list;
    }
    case Kind::text: return std::string(static_cast<char*>(value.pointer), value.count);
    case Kind::device:
        return c10::Device(static_cast<c10::DeviceType>(value.integer >> 32), static_cast<c10::DeviceIndex>(static_cast<int32_t>(value.integer)));
    case Kind::generator: return *static_cast<at::Generator*>(value.pointer);
    }
    TORCH_CHECK(false, "unknown kind of argument: ", static_cast<int32_t>(value.kind));
}

static Value to_value(c10::IValue&& result)
{
    Value value{{0}, Kind::none, 0};
    if (result.isTensor()) {
        value.kind = Kind::tensor;
        value.pointer = to_handle(std::move(result).toTensor());
    } else if (result.isTensorList()) {
        auto tensors = result.toTensorVector();
        auto handles = new at::Tensor*[tensors.size()];
        for (size_t i = 0; i < tensors.size(); i++) handles[i] = to_handle(std::move(tensors[i]));
        value = {{0}, Kind::tensors, static_cast<int32_t>(tensors.size())};
        value.pointer = handles;
    } else if (result.isInt()) {
        value.kind = Kind::integer;
        value.integer = result.toInt();
    } else if (result.isDouble()) {
        value.kind = Kind::real;
        value.real = result.toDouble();
    } else if (result.isBool()) {
        value.kind = Kind::boolean;
        value.integer = result.toBool();
    } else {
        TORCH_CHECK(result.isNone(), "a result of type ", result.tagKind(), " has no managed form");
    }
    return value;
}

// An operator such as ("aten::add", "Tensor"); never freed.
FT_API const c10::OperatorHandle* ft_operator(const char* name, const char* overload)
{
    const c10::OperatorHandle* handle = nullptr;
    guarded([&] { handle = new c10::OperatorHandle(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload)); });
    return handle;
}

// Arguments left out at the end take the defaults of the schema; results beyond result_count are dropped.
FT_API int32_t ft_call(
    const c10::OperatorHandle* op, const Value* arguments, int32_t argument_count, Value* results, int32_t result_count)
{
    return guarded([&] {
        const auto& parameters = op->schema().arguments();
        torch::jit::Stack stack;
        stack.reserve(parameters.size());
        for (int32_t i = 0; i < argument_count; i++) stack.push_back(to_ivalue(arguments[i]));
        for (size_t i = argument_count; i < parameters.size(); i++) {
            const auto& value = parameters[i].default_value();
            TORCH_CHECK(value, op->schema().name(), " needs the argument ", parameters[i].name());
            stack.push_back(*value);
        }
        op->callBoxed(stack);
        for (int32_t i = 0; i < result_count; i++) results[i] = to_value(std::move(stack.at(i)));
    });
}

FT_API void ft_free_handles(at::Tensor** handles)
{
    delete[] handles;
}
