// The C interface between the managed binding and libtorch.
//
// A tensor handle is a pointer to an at::Tensor on the heap. Functions that can fail return 0 (or null) and leave a message for
// ft_last_error; no C++ exception crosses the interface.
#pragma once

#include <ATen/core/Tensor.h>
#include <cstdint>
#include <exception>
#include <string>

#define FT_API extern "C" __attribute__((visibility("default")))

std::string& last_error();

// Runs an action; a thrown exception becomes the last error, and false.
template <class Action>
bool guarded(Action&& action)
{
    try {
        action();
        return true;
    } catch (const c10::Error& e) {
        last_error() = e.what_without_backtrace();
    } catch (const std::exception& e) {
        last_error() = e.what();
    }
    return false;
}

// A new handle; null for an undefined tensor.
inline at::Tensor* to_handle(at::Tensor tensor)
{
    return tensor.defined() ? new at::Tensor(std::move(tensor)) : nullptr;
}

inline at::Tensor from_handle(const at::Tensor* handle)
{
    return handle ? *handle : at::Tensor();
}

inline std::vector<at::Tensor> from_handles(const at::Tensor* const* handles, int32_t count)
{
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; i++) tensors.push_back(from_handle(handles[i]));
    return tensors;
}
