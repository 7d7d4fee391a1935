// pass@k and maj@k: what several samples of a problem say of the policy. Torch-free.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rationale {

// Unbiased estimate of the chance that one of k samples is right, from n samples of which c are:
// 1 - C(n - c, k) / C(n, k). Chen et al. 2021, "Evaluating large language models trained on code",
// eq. 1. Requires 1 <= k <= n.
double PassAtK(int64_t n, int64_t c, int64_t k);

// One sample's answer, as the checker extracted it, and whether it was right.
struct Vote {
  std::string answer;  // empty: no answer, no vote
  bool correct = false;
};

// 1 if the most frequent answer among the first k votes is right, else 0; ties go to the answer
// that came first; 0 without any answer. Wang et al. 2022, "Self-consistency", arXiv:2203.11171.
double MajorityAtK(const std::vector<Vote>& votes, int64_t k);

}  // namespace rationale
