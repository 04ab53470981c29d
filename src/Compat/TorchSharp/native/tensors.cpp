// What a tensor is: its shape, type, place and memory.
#include "interface.h"

#include <ATen/Functions.h>

FT_API at::Tensor* ft_tensor_share(const at::Tensor* tensor)
{
    return new at::Tensor(*tensor);
}

FT_API void ft_tensor_delete(at::Tensor* tensor)
{
    delete tensor;
}

FT_API int64_t ft_tensor_dim(const at::Tensor* tensor)
{
    return tensor->dim();
}

FT_API int64_t ft_tensor_numel(const at::Tensor* tensor)
{
    return tensor->numel();
}

FT_API const int64_t* ft_tensor_sizes(const at::Tensor* tensor)
{
    return tensor->sizes().data();
}

FT_API const int64_t* ft_tensor_strides(const at::Tensor* tensor)
{
    return tensor->strides().data();
}

FT_API int32_t ft_tensor_dtype(const at::Tensor* tensor)
{
    return static_cast<int32_t>(tensor->scalar_type());
}

// The device type in the upper, its index in the lower 32 bits.
FT_API int64_t ft_tensor_device(const at::Tensor* tensor)
{
    auto device = tensor->device();
    return static_cast<int64_t>(device.type()) << 32 | static_cast<uint32_t>(device.index());
}

FT_API int32_t ft_tensor_is_contiguous(const at::Tensor* tensor)
{
    return tensor->is_contiguous();
}

FT_API void* ft_tensor_data(const at::Tensor* tensor)
{
    void* data = nullptr;
    guarded([&] { data = tensor->data_ptr(); });
    return data;
}

// A tensor over memory of the caller's, who is told by release when no tensor needs it any more.
FT_API at::Tensor* ft_tensor_from_memory(
    void* data, const int64_t* sizes, int32_t dims, int32_t dtype, void* owner, void (*release)(void* owner))
{
    at::Tensor* tensor = nullptr;
    guarded([&] {
        tensor = to_handle(at::from_blob(
            data, at::IntArrayRef(sizes, dims), [=](void*) { release(owner); }, at::dtype(static_cast<at::ScalarType>(dtype))));
    });
    return tensor;
}
