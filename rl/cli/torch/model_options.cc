#include "rl/cli/torch/model_options.h"

#include <thread>

#include <ATen/Parallel.h>

#include "base/error.h"
#include "policy/ops/ops.h"
#include "rl/device.h"
#include "rl/run_config.h"

namespace rationale {

void ModelArguments::AddTo(Arguments& arguments) {
  arguments.add_option("--model", folder, "Hugging Face folder: config.json, safetensors")
      ->required();
  arguments.add_option("--dtype", dtype, "float32 (fp32) or bfloat16 (bf16)")
      ->capture_default_str();
  arguments.add_option("--device", device, "cpu or cuda")->capture_default_str();
  arguments.add_option("--threads", threads, "compute threads; 0: one a core")
      ->capture_default_str();
}

std::unique_ptr<Model> ModelArguments::Open() const {
  UseThreads(threads);
  return LoadModel(folder, {.dtype = ParseDtype(dtype), .device = ParseDevice(device)});
}

void UseThreads(int threads) {
  if (threads < 0 || threads > kThreadsMax) {
    throw Error("--threads: found {}, allowed: 0 (one a core) to {}", threads, kThreadsMax);
  }
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  ops::SetNumThreads(threads > 0 ? threads : std::max(1, cores));
  at::set_num_threads(1);  // the kernels are ours; two teams would fight for the cores
}

}  // namespace rationale
