// A shelf of books in a store: every kind of call once, then a second opening that finds the books of the first.
#include <kvs/kvs.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void Expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

void Fill(kvs::KvsEngine& shelf) {
  Expect(shelf.Set("melville", "Moby-Dick").has_value(), "a book can be put on the shelf");
  kvs::WriteBatch batch;
  batch.Set("austen", "Emma");
  batch.Set("woolf", "Orlando");
  batch.Remove("melville");
  Expect(shelf.Write(batch).has_value(), "several books can be moved at once");
  const kvs::Status missing = shelf.Remove("melville");
  Expect(!missing.has_value() && missing.error().code == kvs::ErrorCode::kKeyNotFound, "what is gone is gone");
}

void Look(kvs::KvsEngine& shelf) {
  const auto title = shelf.Get("austen");
  Expect(title.has_value() && *title == "Emma", "the shelf remembers");
  std::string authors;
  const kvs::Status scanned = shelf.Scan({}, [&authors](std::string_view author, std::string_view) {
    authors += std::string(author) + " ";
    return true;
  });
  Expect(scanned.has_value() && authors == "austen woolf ", "the shelf is in order");
}

}  // namespace

int main(int argument_count, char** arguments) {
  Expect(argument_count == 2, "usage: bookshelf DIRECTORY");
  {
    const auto shelf = kvs::KvStore::Open(arguments[1]);
    Expect(shelf.has_value(), "a store opens");
    Fill(**shelf);
  }
  const auto shelf = kvs::OpenEngine(std::nullopt, arguments[1]);
  Expect(shelf.has_value() && (*shelf)->Name() == "kvs", "the directory knows its engine");
  Look(**shelf);
  std::printf("kvs %s: all is on the shelf\n", kvs::kVersion);
}
