// allocation_counter: counts what the whole process allocates, libraries included.
//
// The test binary's own malloc, calloc, realloc and aligned forms stand in for the C library's and
// call them; operator new and torch's CPU allocator end there.

#pragma once

#include <cstdint>

namespace rationale::testing {

// Of all threads since the last call. 0 for ever under a sanitizer, which has its own malloc.
int64_t TakeAllocations();

// Whether allocations are counted in this build.
bool CountsAllocations();

}  // namespace rationale::testing
