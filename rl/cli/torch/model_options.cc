#include "rl/cli/torch/model_options.h"

#include <ATen/Parallel.h>

#include "base/error.h"
#include "base/thread_pool.h"
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
  arguments.add_flag(
      "--pin", pin_cores,
      "keep each compute thread on a core of its own, of those this process may use");
}

std::unique_ptr<Model> ModelArguments::Open() const {
  UseThreads(threads, pin_cores);
  return LoadModel(folder, {.dtype = ParseDtype(dtype), .device = ParseDevice(device)});
}

void UseThreads(int threads, bool pin_cores) {
  if (threads < 0 || threads > kThreadsMax) {
    throw Error("--threads: found {}, allowed: 0 (one a core) to {}", threads, kThreadsMax);
  }
  ops::SetNumThreads(threads > 0 ? threads : NumUsableCores());
  ComputePool().SetPinned(pin_cores);
  at::set_num_threads(1);  // the kernels are ours; two teams would fight for the cores
}

}  // namespace rationale
