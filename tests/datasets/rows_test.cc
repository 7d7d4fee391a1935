#include "datasets/readers/rows.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "tests/datasets/testing.h"

namespace rationale {
namespace {

// Every row as "where number json", a line each; the path is cut to its file name.
std::string Read(const std::string& path, const RowFormat& format = {}) {
  const auto reader = OpenRows(path, format);
  std::string text;
  for (Row row; reader->Next(row);) {
    text += row.where.substr(path.rfind('/') + 1) + " " + std::to_string(row.number) + " " +
            JsonText(row.value) + "\n";
  }
  return text;
}

std::string ReadError(const std::string& name, const std::string& content,
                      const RowFormat& format = {}) {
  const TextFile file(name, content);
  const std::string message = ErrorOf([&] { Read(file.path(), format); });
  const size_t folder = file.path().rfind('/') + 1;
  return message.starts_with(file.path().substr(0, folder)) ? message.substr(folder) : message;
}

TEST(Jsonl, SkipsBlankLinesMarksAndCarriageReturns) {
  EXPECT_EQ(Read(Golden("formats/bom_crlf.jsonl")),
            "bom_crlf.jsonl:1 1 {\"question\":\"A?\",\"answer\":\"a\"}\n"
            "bom_crlf.jsonl:4 2 {\"question\":\"B?\",\"answer\":\"b\"}\n");
}

TEST(Jsonl, NamesTheLineOfWhatIsMalformed) {
  EXPECT_EQ(ReadError("a.jsonl", "{\"a\":1}\n\n{\"a\":}\n"),
            "a.jsonl:3: not valid JSON at column 6: Invalid value.");
  EXPECT_EQ(ReadError("a.jsonl", "{\"a\":1}{\"a\":2}\n"),
            "a.jsonl:1: not valid JSON at column 8: The document root must not be followed by "
            "other values.");
  EXPECT_EQ(ReadError("a.jsonl", "{\"a\":1}\n[1]\n"),
            "a.jsonl:2: found a list, allowed: an object");
  EXPECT_EQ(ReadError("a.jsonl", "{\"a\":\"\xff\"}\n"),
            "a.jsonl:1: not valid JSON at column 7: Invalid encoding in string.");
}

TEST(Jsonl, RefusesRowsThatAreTooLongOrTooDeep) {
  const std::string row = "{\"a\":\"" + std::string(100, 'x') + "\"}";
  EXPECT_EQ(ReadError("a.jsonl", "{}\n" + row + "\n", {.row_bytes_max = 108}), "");
  EXPECT_EQ(ReadError("a.jsonl", "{}\n" + row + "\n", {.row_bytes_max = 107}),
            "a.jsonl:2: found a line of more than 107 bytes, allowed: data.row_bytes_max");
  const auto nested = [](size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}\n";
  };
  EXPECT_EQ(ReadError("a.jsonl", nested(64)), "");
  EXPECT_EQ(ReadError("a.jsonl", nested(65)),
            "a.jsonl:1: found values nested deeper than 64 levels");
  EXPECT_EQ(ReadError("a.jsonl", nested(1'000'000)),
            "a.jsonl:1: JSON nested deeper than 256 levels");
}

TEST(Jsonl, ReadsGzipAndNoticesWhenItIsCutOff) {
  EXPECT_EQ(Read(Golden("humaneval/HumanEval.jsonl.gz")).substr(0, 61),
            "HumanEval.jsonl.gz:1 1 {\"task_id\":\"HumanEval/0\",\"prompt\":\"def");
  const std::string whole = ReadFile(Golden("humaneval/HumanEval.jsonl.gz"));
  const std::string message = ReadError("cut.jsonl.gz", whole.substr(0, whole.size() - 20));
  EXPECT_TRUE(message.starts_with("cut.jsonl.gz: cannot be read after line 1")) << message;
}

TEST(Jsonl, ReadsLinesThatEndAnywhereInItsBuffer) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/big.jsonl";
  constexpr int kRows = 5000;
  {
    FileWriter writer(path);
    for (int i = 0; i < kRows; ++i) {
      writer.Write("{\"i\":" + std::to_string(i) + ",\"x\":\"" +
                   std::string(static_cast<size_t>(i % 997), 'x') + "\"}\n");
    }
    writer.Close();
  }
  const auto reader = OpenRows(path, {.row_bytes_max = 1024});
  int64_t count = 0;
  for (Row row; reader->Next(row); ++count) {
    ASSERT_EQ(row.value["i"].GetInt64(), count);
    ASSERT_EQ(row.value["x"].GetStringLength(), static_cast<size_t>(count % 997));
  }
  EXPECT_EQ(count, kRows);
}

TEST(JsonArray, IsAnArrayOrTheOneArrayInAnObject) {
  EXPECT_EQ(Read(Golden("formats/rows.json")),
            "rows.json:row 1 1 {\"question\":\"1+1?\",\"answer\":2}\n"
            "rows.json:row 2 2 {\"question\":\"1-1?\",\"answer\":-0.0}\n");
  EXPECT_EQ(ReadError("a.json", "[{\"a\":1},{\"a\":2}]"), "");
  EXPECT_EQ(
      ReadError("a.json", "{\"a\":[],\"b\":[]}"),
      "a.json: found no array of rows, allowed: [{..}, ..] or an object with one such member");
  EXPECT_EQ(ReadError("a.json", "[{\"a\":1},\n2]"), "a.json:row 2: found 2, allowed: an object");
  EXPECT_EQ(ReadError("a.json", "[{\"a\":1},\n,2]"),
            "a.json:2: not valid JSON at column 1: Invalid value.");
  EXPECT_EQ(ReadError("a.json", "[{\"a\":\"0123456789\"}]", {.row_bytes_max = 10}),
            "a.json:row 1: found a row of more than 10 bytes, allowed: data.row_bytes_max");
}

TEST(Tsv, HasNumberedNamedOrHeadedColumnsAndNoQuotes) {
  const TextFile file("a.tsv", "q\ta\n\"What\"?\t\n\n");
  EXPECT_EQ(Read(file.path()), "a.tsv:2 1 {\"q\":\"\\\"What\\\"?\",\"a\":\"\"}\n");
  EXPECT_EQ(
      Read(file.path(), {.header = false}),
      "a.tsv:1 1 {\"0\":\"q\",\"1\":\"a\"}\na.tsv:2 2 {\"0\":\"\\\"What\\\"?\",\"1\":\"\"}\n");
  EXPECT_EQ(
      Read(file.path(), {.header = false, .columns = {"x", "y"}}),
      "a.tsv:1 1 {\"x\":\"q\",\"y\":\"a\"}\na.tsv:2 2 {\"x\":\"\\\"What\\\"?\",\"y\":\"\"}\n");
}

TEST(Tsv, NamesTheLineWithTooManyColumns) {
  EXPECT_EQ(ReadError("a.tsv", "q\ta\nx\ty\tz\n"), "a.tsv:2: found 3 columns, allowed: 2 (q, a)");
  EXPECT_EQ(ReadError("a.tsv", "q\tq\nx\ty\n"),
            "a.tsv:1: found two columns 'q' in the header; without a header line, set data.header "
            "= false");
  EXPECT_EQ(ReadError("a.tsv", "q\ta\nx\t\xc3\n"), "a.tsv:2: found bytes that are not UTF-8");
  EXPECT_EQ(
      ReadError("a.tsv", "q\ta\n", {.columns = {"q", "a"}}),
      "a.tsv: data.columns names the columns of a file without header: set data.header = false");
}

TEST(Csv, FollowsRfc4180) {
  EXPECT_EQ(Read(Golden("formats/quoted.csv")),
            "quoted.csv:2 1 {\"question\":\"What is 1,000 + "
            "1?\",\"answer\":\"1001\",\"note\":\"plain\"}\n"
            "quoted.csv:3 2 {\"question\":\"She says \\\"two\\\".\\nHow many?\",\"answer\":\"2\","
            "\"note\":\"over\\nthree\\nlines\"}\n"
            "quoted.csv:8 3 {\"question\":\"Last?\",\"answer\":\"\",\"note\":\"\"}\n");
  EXPECT_EQ(ReadError("a.csv", "q,a\n\"x\"y,1\n"),
            "a.csv:2: found 'y,1' after a closing quote, allowed: a comma or the line's end");
  EXPECT_EQ(ReadError("a.csv", "q,a\nx,\"y\nz\n"),
            "a.csv:2: found a quoted cell without its closing quote");
  EXPECT_EQ(ReadError("a.csv", "q,a\nx,\"" + std::string(9, '\n') + "\"\n", {.row_bytes_max = 8}),
            "a.csv:8: found a record of more than 8 bytes, allowed: data.row_bytes_max");
}

// Written by pyarrow; see make_binary.py beside it.
TEST(Parquet, ReadsEveryTypeThatDataSetsUse) {
  EXPECT_EQ(
      Read(Golden("formats/types.parquet")),
      R"(types.parquet:row 1 1 {"text":"zwölf","large_text":"a","category":"x","binary":"raw","flag":true,)"
      R"("tiny":-128,"big":9223372036854775807,"unsigned":18446744073709551615,"single":0.1,"double":0.1,)"
      R"("day":"2026-11-23","price":"12.50","words":["a","b"],"points":[[1.0,2.0]],)"
      R"("message":{"role":"user","content":"Hi"},"options":{"k":1}})"
      "\n"
      R"(types.parquet:row 2 2 {"text":null,"large_text":"b","category":"y","binary":"","flag":false,)"
      R"("tiny":127,"big":-9223372036854775808,"unsigned":0,"single":null,"double":null,)"
      R"("day":null,"price":null,"words":[],"points":[],"message":null,"options":{}})"
      "\n"
      R"(types.parquet:row 3 3 {"text":"","large_text":"c","category":"x","binary":null,"flag":null,)"
      R"("tiny":0,"big":0,"unsigned":1,"single":-2.5,"double":43.0,)"
      R"("day":"1970-01-01","price":"0.01","words":null,"points":[[3.0,4.0],[5.0,6.0]],)"
      R"("message":{"role":"user","content":null},"options":{"a":2,"b":3}})"
      "\n");
}

TEST(Parquet, GivesRowsThatAnyThreadCompletes) {
  const std::string path = Golden("formats/types.parquet");
  std::vector<std::string> expected;
  const auto one_by_one = OpenRows(path);
  for (Row row; one_by_one->Next(row);) expected.push_back(JsonText(row.value));
  std::vector<Row> rows;
  // Freed by this thread: ThreadSanitizer does not see the reference counts inside of Arrow.
  std::vector<std::shared_ptr<const RowSource>> sources;
  {
    const auto reader = OpenRows(path);
    for (Row row; reader->NextUnparsed(row); row = Row()) {
      sources.push_back(row.source);
      rows.push_back(std::move(row));
    }
  }
  ASSERT_EQ(rows.size(), expected.size());
  std::vector<std::thread> threads;
  for (Row& row : rows) threads.emplace_back([&row] { ParseRow(row); });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(JsonText(rows[i].value), expected[i]);
}

TEST(Parquet, ReadsRarerTypesToo) {
  EXPECT_EQ(
      Read(Golden("formats/rarer_types.parquet")),
      R"(rarer_types.parquet:row 1 1 {"view":"zwölf","fixed":"ab","half":1.5,"time":"01:02:03.000004",)"
      R"("date":"2026-11-23","duration":"90"})"
      "\n"
      R"(rarer_types.parquet:row 2 2 {"view":null,"fixed":null,"half":null,"time":null,)"
      R"("date":null,"duration":null})"
      "\n");
}

TEST(Parquet, LeavesACellThatIsNoTextToWhoNeedsIt) {
  const std::string rows = Read(Golden("formats/image.parquet"));
  EXPECT_NE(rows.find(R"x("image":{"(unreadable)":")x"), std::string::npos) << rows;
  EXPECT_NE(rows.find(" bytes that are not UTF-8"), std::string::npos) << rows;
}

TEST(Parquet, NamesTheFileThatIsNone) {
  const std::string message = ReadError("a.parquet", "{\"a\": 1}");
  EXPECT_TRUE(message.starts_with("a.parquet: Invalid: Parquet")) << message;
}

TEST(OpenRows, NamesThePathItCannotOpenOrTell) {
  EXPECT_EQ(ErrorOf([] { OpenRows("/nowhere/a.jsonl"); }),
            "/nowhere/a.jsonl: cannot be opened: No such file or directory");
  EXPECT_TRUE(
      ErrorOf([] { OpenRows("a.txt"); }).starts_with("a.txt: its name does not tell the format"));
  const TextFile file("rows.txt", "{\"a\":1}\n");
  EXPECT_EQ(Read(file.path(), {.format = DataFormat::kJsonl}), "rows.txt:1 1 {\"a\":1}\n");
}

}  // namespace
}  // namespace rationale
