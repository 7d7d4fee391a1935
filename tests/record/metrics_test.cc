#include "rl/record/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

std::vector<std::string> Files(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(MetricsWriter, WritesLinesThatReadBack) {
  const TemporaryFolder folder;
  MetricsWriter writer(folder.path(), "sft", 0);
  writer.Write({.stage = "sft", .step = 1, .values = {{"loss", 0.1}, {"grad_norm", std::nan("")}}});
  writer.Write({.stage = "rl", .step = 1, .values = {{"reward_mean", 1}}});
  EXPECT_EQ(ReadFile(folder.path() + "/metrics.jsonl"),
            "{\"stage\":\"sft\",\"step\":1,\"loss\":0.1,\"grad_norm\":null}\n"
            "{\"stage\":\"rl\",\"step\":1,\"reward_mean\":1.0}\n");
  const std::vector<MetricsLine> lines = ReadMetrics(folder.path());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].Get("loss"), 0.1);
  EXPECT_TRUE(std::isnan(lines[0].Get("grad_norm")));
  EXPECT_TRUE(std::isnan(lines[0].Get("absent")));
}

TEST(MetricsWriter, ResumedGivesTheSameFileAsUnbroken) {
  const std::vector<MetricsLine> lines = {
      {"sft", 1, {{"loss", 3}}},  {"sft", 2, {{"loss", 2}}},  {"eval", 0, {{"accuracy", 0.5}}},
      {"rl", 1, {{"reward", 1}}}, {"rl", 2, {{"reward", 2}}}, {"eval", 2, {{"accuracy", 0.6}}},
      {"rl", 3, {{"reward", 3}}}};
  const TemporaryFolder unbroken;
  {
    MetricsWriter writer(unbroken.path(), "sft", 0);
    for (const MetricsLine& line : lines) writer.Write(line);
  }
  struct Resume {
    std::string stage;
    int64_t step;
    size_t next;  // the first line that is written again
  };
  // The evaluation after step 2 is repeated when the checkpoint was written before it.
  for (const Resume& resume : {Resume{"sft", 0, 0}, Resume{"sft", 1, 1}, Resume{"rl", 0, 3},
                               Resume{"rl", 1, 4}, Resume{"rl", 2, 5}, Resume{"rl", 2, 6}}) {
    const TemporaryFolder folder;
    {
      MetricsWriter killed(folder.path(), "sft", 0);
      for (const MetricsLine& line : lines) killed.Write(line);
    }
    FileWriter(folder.path() + "/metrics.jsonl", FileWriter::Mode::kAppend)
        .Write("{\"stage\":\"rl\",\"st");
    MetricsWriter writer(folder.path(), resume.stage, resume.step);
    for (size_t i = resume.next; i < lines.size(); ++i) writer.Write(lines[i]);
    EXPECT_EQ(ReadFile(folder.path() + "/metrics.jsonl"),
              ReadFile(unbroken.path() + "/metrics.jsonl"))
        << resume.stage << ' ' << resume.step;
  }
}

TEST(ReadMetrics, NamesTheLineThatIsNotOurs) {
  const TemporaryFolder folder;
  EXPECT_TRUE(ReadMetrics(folder.path()).empty());
  WriteFileDurably(folder.path() + "/metrics.jsonl",
                   "{\"stage\":\"rl\",\"step\":1}\n{\"step\":2}\n");
  try {
    ReadMetrics(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("metrics.jsonl:2: no 'stage'"), std::string::npos)
        << error.what();
  }
}

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesTheStandardsKnownAnswers) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
}

// The bytes that TensorBoard 2.21's own writer gives for these events, wall times apart.
TEST(TensorboardFile, FramesEventsAsTensorboardDoes) {
  const TemporaryFolder folder;
  {
    TensorboardFile file(folder.path(), 3);
    const MetricValues values = {{"reward", 1.5}};
    file.Write(3, values);
  }
  const std::string bytes = ReadFile(Files(folder.path()).at(0));
  size_t position = 0;
  std::vector<std::string> events;
  while (position < bytes.size()) {
    const auto length =
        static_cast<size_t>(static_cast<unsigned char>(bytes[position]));  // all below 256
    std::string event = bytes.substr(position + 12, length);
    ASSERT_EQ(event.substr(0, 1), "\x09");  // field 1, wall time: eight bytes
    events.push_back(event.substr(9));
    position += 12 + length + 4;
  }
  ASSERT_EQ(position, bytes.size());
  EXPECT_EQ(events.at(0), std::string("\x1a\x0d"
                                      "brain.Event:2"));
  EXPECT_EQ(events.at(1), std::string("\x10\x03\x3a\x02\x08\x01", 6));
  EXPECT_EQ(events.at(2), std::string("\x10\x03\x2a\x0f\x0a\x0d\x0a\x06"
                                      "reward\x15\x00\x00\xc0\x3f",
                                      19));
}

TEST(TensorboardFile, OfAResumedRunIsReadAfterTheFirst) {
  const TemporaryFolder folder;
  { TensorboardFile first(folder.path(), 1); }
  const std::string first = Files(folder.path()).at(0);
  { TensorboardFile second(folder.path(), 2); }
  EXPECT_EQ(Files(folder.path()).at(0), first);
  EXPECT_EQ(Files(folder.path()).size(), 2u);
}

}  // namespace
}  // namespace rationale
