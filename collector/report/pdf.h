// SPDX-License-Identifier: Apache-2.0
// A report's HTML file as PDF: tagged, titled, in its language. Made by WeasyPrint where it is installed, else by Chromium
// without a window. Neither fetches anything: the file holds all it shows, and is refused where it does not.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plumbline {

enum class PdfEngine { weasyprint, chromium };
std::string_view to_text(PdfEngine engine);
std::optional<PdfEngine> pdf_engine_from(std::string_view text);

/// Those that are installed, the preferred one first.
std::vector<PdfEngine> pdf_engines();
/// The one that prints a page of this size where nobody chooses: of large pages Chromium makes in seconds what takes
/// WeasyPrint minutes. Nothing where none is installed.
std::optional<PdfEngine> pdf_engine_for(std::size_t html_bytes);
inline constexpr std::size_t kLargePdfPage = 400u << 10;

inline constexpr int kMostPdfSeconds = 180;
inline constexpr std::size_t kMostPdfBytes = 256u << 20;

/// The bytes of the PDF. Fails with not_found, naming the packages, where nothing is installed that can make one; with
/// invalid where the file is not self-contained; with limit where it takes too long.
struct PdfOptions {
  std::optional<PdfEngine> engine = {};   // nothing: the preferred one
  int most_seconds = kMostPdfSeconds;
  std::function<bool()> stop = {};        // asked while it works; true ends it
};
Result<std::string> print_pdf(std::string_view html, const PdfOptions& options = {});

/// Refuses HTML that asks for anything outside itself: scripts, frames, images, style sheets, refreshes, attachments. Links
/// that only a reader follows are fine.
Result<void> require_self_contained(std::string_view html);

/// Makes PDFs on a thread of its own, for a server: one at a time, a few waiting, the last ones kept.
class PdfDesk {
 public:
  using Print = std::function<Result<std::string>(std::string_view html, const std::function<bool()>& stop)>;
  using Done = std::function<void(const Result<std::string>&)>;
  explicit PdfDesk(Print print);
  ~PdfDesk();
  /// Ends what is being printed; those that wait are told, and nobody may ask any more. Once.
  void stop();
  PdfDesk(const PdfDesk&) = delete;
  PdfDesk& operator=(const PdfDesk&) = delete;
  /// Calls `done` once, at once where the same file was printed before, else later and from its own thread. Who asks for a
  /// file that is being printed gets the same. False where too many files wait: then `done` is never called.
  bool ask(std::string html, Done done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
inline constexpr std::size_t kMostPdfsWaiting = 3;  // beside the one that is printed
inline constexpr std::size_t kPdfsKept = 6;
inline constexpr std::size_t kMostPdfAsks = 32;     // for the same file

}  // namespace plumbline
