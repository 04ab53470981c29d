// Gradients, and functions whose backward pass is managed code.
#include "interface.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

FT_API int32_t ft_grad_enabled()
{
    return c10::GradMode::is_enabled();
}

FT_API void ft_set_grad_enabled(int32_t enabled)
{
    c10::GradMode::set_enabled(enabled != 0);
}

FT_API c10::InferenceMode* ft_inference_mode_enter(int32_t enabled)
{
    return new c10::InferenceMode(enabled != 0);
}

FT_API void ft_inference_mode_leave(c10::InferenceMode* mode)
{
    delete mode;
}

FT_API int32_t ft_tensor_requires_grad(const at::Tensor* tensor)
{
    return tensor->requires_grad();
}

FT_API int32_t ft_tensor_set_requires_grad(at::Tensor* tensor, int32_t value)
{
    return guarded([&] { tensor->requires_grad_(value != 0); });
}

FT_API int32_t ft_tensor_is_leaf(const at::Tensor* tensor)
{
    return tensor->is_leaf();
}

FT_API at::Tensor* ft_tensor_grad(const at::Tensor* tensor)
{
    return to_handle(tensor->grad());
}

FT_API void ft_tensor_set_grad(at::Tensor* tensor, const at::Tensor* grad)
{
    tensor->mutable_grad() = from_handle(grad);
}

FT_API int32_t ft_backward(
    const at::Tensor* const* tensors, int32_t tensor_count, const at::Tensor* const* grads, int32_t grad_count,
    const at::Tensor* const* inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph)
{
    return guarded([&] {
        torch::autograd::backward(
            from_handles(tensors, tensor_count), from_handles(grads, grad_count), retain_graph != 0, create_graph != 0,
            from_handles(inputs, input_count));
    });
}

// Writes input_count handles to results.
FT_API int32_t ft_grad(
    const at::Tensor* const* outputs, int32_t output_count, const at::Tensor* const* inputs, int32_t input_count,
    const at::Tensor* const* grads, int32_t grad_count, int32_t retain_graph, int32_t create_graph, int32_t allow_unused,
    at::Tensor** results)
{
    return guarded([&] {
        auto found = torch::autograd::grad(
            from_handles(outputs, output_count), from_handles(inputs, input_count), from_handles(grads, grad_count),
            retain_graph != 0, create_graph != 0, allow_unused != 0);
        for (size_t i = 0; i < found.size(); i++) results[i] = to_handle(std::move(found[i]));
    });
}

// Both are given the managed node; backward fills result_count handles, which become ours, and returns 0 after ft_fail.
using BackwardCallback = int32_t (*)(
    void* node, AutogradContext* context, at::Tensor** grads, int32_t grad_count, at::Tensor** results, int32_t result_count);
using ReleaseCallback = void (*)(void* node);

static BackwardCallback backward_callback;
static ReleaseCallback release_callback;

FT_API void ft_set_function_callbacks(BackwardCallback backward, ReleaseCallback release)
{
    backward_callback = backward;
    release_callback = release;
}

FT_API void ft_fail(const char* message)
{
    last_error() = message;
}

namespace {

// Lives as long as the graph's node does.
struct ManagedNode : torch::CustomClassHolder {
    ManagedNode(void* node, int32_t inputs) : node(node), inputs(inputs) {}
    ~ManagedNode() override { release_callback(node); }

    void* const node;
    const int32_t inputs;
};

struct ForwardPass {
    const variable_list outputs, saved, dirty, non_differentiable;
    const bool materialize_grads;
    const c10::intrusive_ptr<ManagedNode> node;
};

struct ManagedFunction : torch::autograd::Function<ManagedFunction> {
    // The managed forward pass has run already: this only tells the graph about it.
    static variable_list forward(AutogradContext* context, at::TensorList, const ForwardPass* pass)
    {
        context->save_for_backward(pass->saved);
        context->mark_dirty(pass->dirty);
        context->mark_non_differentiable(pass->non_differentiable);
        context->set_materialize_grads(pass->materialize_grads);
        context->saved_data["node"] = c10::IValue::make_capsule(pass->node);
        return pass->outputs;
    }

    static variable_list backward(AutogradContext* context, variable_list grads)
    {
        auto holder = c10::static_intrusive_pointer_cast<ManagedNode>(context->saved_data["node"].toCapsule());
        std::vector<at::Tensor*> given, results(holder->inputs, nullptr);
        for (auto& grad : grads) given.push_back(to_handle(std::move(grad)));
        if (!backward_callback(holder->node, context, given.data(), given.size(), results.data(), results.size()))
            throw std::runtime_error(last_error());

        variable_list input_grads;
        for (auto result : results) {
            input_grads.push_back(from_handle(result));
            delete result;
        }
        input_grads.emplace_back(); // for the argument that is no tensor
        return input_grads;
    }
};

} // namespace

FT_API int32_t ft_function_apply(
    void* node, int32_t materialize_grads, const at::Tensor* const* inputs, int32_t input_count,
    const at::Tensor* const* outputs, int32_t output_count, const at::Tensor* const* saved, int32_t saved_count,
    const at::Tensor* const* dirty, int32_t dirty_count, const at::Tensor* const* fixed, int32_t fixed_count, at::Tensor** results)
{
    auto holder = c10::make_intrusive<ManagedNode>(node, input_count);
    return guarded([&] {
        auto arguments = from_handles(inputs, input_count);
        ForwardPass pass{from_handles(outputs, output_count), from_handles(saved, saved_count), from_handles(dirty, dirty_count),
                         from_handles(fixed, fixed_count), materialize_grads != 0, holder};
        auto wrapped = ManagedFunction::apply(at::TensorList(arguments), &pass);
        for (size_t i = 0; i < wrapped.size(); i++) results[i] = to_handle(std::move(wrapped[i]));
    });
}

// An array of handles, some null; to be freed by ft_free_handles.
FT_API at::Tensor** ft_saved_variables(AutogradContext* context, int32_t* count)
{
    at::Tensor** handles = nullptr;
    guarded([&] {
        auto saved = context->get_saved_variables();
        *count = static_cast<int32_t>(saved.size());
        handles = new at::Tensor*[saved.size()];
        for (size_t i = 0; i < saved.size(); i++) handles[i] = to_handle(std::move(saved[i]));
    });
    return handles;
}
