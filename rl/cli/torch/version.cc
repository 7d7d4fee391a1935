// rationale version: what is running.

#include <fmt/format.h>

#include <string>

#include <c10/core/Device.h>
#include <torch/headeronly/version.h>

#include "base/json.h"
#include "policy/ops/ops.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"

namespace rationale {

int VersionCommand(int argc, char** argv) {
  Arguments arguments("version", "Versions of this program and of torch, and the CPU level in use.",
                      "  rationale version\n"
                      "  RATIONALE_CPU=avx2 rationale version --json\n");
  bool json = false;
  arguments.add_flag("--json", json, "one JSON object");
  if (!arguments.Parse(argc, argv)) return 0;
  if (json) {
    JsonWriter writer;
    writer.BeginObject().Field("version", RATIONALE_VERSION).Field("torch", TORCH_VERSION);
    writer.Field("cpu_level", ops::CpuLevel()).Field("threads", ops::NumThreads()).EndObject();
    Print(writer.Take() + '\n');
  } else {
    Print(fmt::format("rationale {}\ntorch     {}\nCPU level {} ({} threads)\n", RATIONALE_VERSION,
                      TORCH_VERSION, ops::CpuLevel(), ops::NumThreads()));
  }
  return 0;
}

}  // namespace rationale
