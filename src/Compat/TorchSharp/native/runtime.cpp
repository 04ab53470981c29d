// The library as a whole: errors, threads, devices and random numbers.
#include "interface.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/cuda.h>

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

std::string& last_error()
{
    static thread_local std::string message;
    return message;
}

FT_API const char* ft_last_error()
{
    return last_error().c_str();
}

// Each training step frees what the next one allocates again. glibc would return it to the kernel in between, which then clears
// every page anew; a user's own setting, read by glibc from the environment, stands.
FT_API void ft_keep_freed_memory()
{
#ifdef __GLIBC__
    if (std::getenv("MALLOC_TRIM_THRESHOLD_") != nullptr || std::getenv("MALLOC_MMAP_THRESHOLD_") != nullptr) return;
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

FT_API int32_t ft_num_threads()
{
    return at::get_num_threads();
}

FT_API int32_t ft_set_num_threads(int32_t count)
{
    return guarded([&] { at::set_num_threads(count); });
}

FT_API int32_t ft_cuda_is_available()
{
    return torch::cuda::is_available();
}

FT_API int32_t ft_cuda_device_count()
{
    return static_cast<int32_t>(torch::cuda::device_count());
}

// Seeds the default generators of all devices.
FT_API int32_t ft_manual_seed(int64_t seed)
{
    return guarded([&] { at::manual_seed(static_cast<uint64_t>(seed)); });
}

FT_API at::Generator* ft_generator_default()
{
    return new at::Generator(at::detail::getDefaultCPUGenerator());
}

FT_API at::Generator* ft_generator_new(uint64_t seed)
{
    return new at::Generator(at::detail::createCPUGenerator(seed));
}

FT_API void ft_generator_delete(at::Generator* generator)
{
    delete generator;
}

FT_API void ft_generator_manual_seed(at::Generator* generator, int64_t seed)
{
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_current_seed(static_cast<uint64_t>(seed));
}

FT_API at::Tensor* ft_generator_state(at::Generator* generator)
{
    at::Tensor* state = nullptr;
    guarded([&] {
        std::lock_guard<std::mutex> lock(generator->mutex());
        state = to_handle(generator->get_state());
    });
    return state;
}

FT_API int32_t ft_generator_set_state(at::Generator* generator, const at::Tensor* state)
{
    return guarded([&] {
        std::lock_guard<std::mutex> lock(generator->mutex());
        generator->set_state(*state);
    });
}
