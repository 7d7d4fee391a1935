// Attack: hostile programs kept as data, each with what must become of it in the jail.
//
// A folder of attacks has *.toml files of [[attack]] tables, attack.py, which lies beside every
// Python attack, and outer.sh, the throwaway shell for control runs. A program that reaches its aim
// prints "GOT IT". That an attack was held is never concluded from silence: its end must be the one
// named, it must say what it was refused, and the next job in the same jail must find everything as
// the first one did.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/config.h"
#include "sandbox/sandbox.h"

namespace rationale {

struct Attack {
  std::string name, language, program;
  std::vector<std::string> ends;  // "exited 1", "memory": how it may end in the jail
  std::string says;               // what its output must have in it there
  std::string bare = "user";      // the mode of outer.sh in which it succeeds
  std::string keep;               // the capability it needs there
  std::string needs;              // what not every kernel has; without it there is no control run
  int64_t wall_ms = 5000, cpu_ms = 4000, memory_mb = 256;
  bool slow = false;  // a second or more

  template <class V>
  void Visit(V& v) {
    v("name", name, "what it tries");
    v("language", language, "of the program", OneOf{Sandbox::Languages()});
    v("program", program, "its source");
    v("ends", ends, "how it may end in the jail");
    v("says", says, "what it prints there");
    v("bare", bare, "where it succeeds", OneOf{{"user", "root", "setuid"}});
    v("keep", keep, "the capability it needs there");
    v("needs", needs, "what not every kernel has");
    v("wall_ms", wall_ms, "limit", AtLeast(1));
    v("cpu_ms", cpu_ms, "limit", AtLeast(1));
    v("memory_mb", memory_mb, "limit", AtLeast(1));
    v("slow", slow, "takes a second or more");
  }
};

// All attacks of a folder, in the order of its files' names. Throws Error naming file, line and
// key.
std::vector<Attack> ReadAttacks(const std::string& folder);

// An outcome as Attack::ends names it: "exited 1", "signalled 31", "memory".
std::string OutcomeText(const Outcome& outcome);

struct AttackResult {
  bool held = false;
  std::string end;      // OutcomeText
  std::string said;     // the last line of its output
  std::string problem;  // why it was not held; empty when it was
  double wall_ms = 0;
};

enum class Control { kSucceeded, kFailed, kImpossible };

struct ControlResult {
  Control control = Control::kFailed;
  std::string said;
};

class AttackRunner {
 public:
  // Keeps a descriptor of the root folder open, not closed on exec, for attacks to find: make it
  // before the sandbox's first cell.
  AttackRunner(Sandbox& sandbox, const std::string& folder);
  ~AttackRunner();
  AttackRunner(const AttackRunner&) = delete;
  AttackRunner& operator=(const AttackRunner&) = delete;

  // The job that an attack is.
  Job MakeJob(const Attack& attack);

  // Runs it in the jail, then an inspecting job in the same cell, and looks whether this machine's
  // mounts and names are as they were.
  AttackResult RunJailed(const Attack& attack);

  // Runs it without the jail in outer.sh's throwaway. kImpossible: this user or kernel cannot.
  ControlResult RunControl(const Attack& attack);

 private:
  Program Ready(const Attack& attack);
  std::string Inspect(const std::string& language);

  Sandbox& sandbox_;
  std::string folder_;
  std::string prelude_;  // attack.py
  int left_open_ = -1;
  std::map<std::string, Program> compiled_;       // by source
  std::map<std::string, std::string> untouched_;  // Inspect() of a language's first job
};

}  // namespace rationale
