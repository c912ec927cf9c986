// SPDX-License-Identifier: Apache-2.0
#include "base/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>

namespace plumbline {

std::string compress_zstd(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  out.resize(ZSTD_isError(size) ? 0 : size);  // cannot fail: the bound is zstd's own
  return out;
}

Result<std::string> decompress_zstd(std::string_view bytes, std::size_t limit_bytes) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return fail(ErrorKind::io, "zstd: out of memory");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  // A frame may say how long its content is: a long one costs nothing to refuse, an honest one is never copied.
  const unsigned long long told = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  const bool is_told = told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR;
  const auto too_long = [&] { return fail(ErrorKind::limit, "the body inflates to more than " + std::to_string(limit_bytes) + " bytes"); };
  if (is_told && told > limit_bytes) return too_long();
  std::string out;
  // Room for the most there may be: only what is written becomes memory, and a bomb is not copied as the string grows.
  out.reserve(is_told ? static_cast<std::size_t>(told) : limit_bytes);
  std::string block(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{block.data(), block.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left)) {
      const bool window = ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge;
      return fail(window ? ErrorKind::limit : ErrorKind::invalid,
                  std::string("not acceptable zstd: ") + ZSTD_getErrorName(left));
    }
    if (out.size() + output.pos > limit_bytes) return too_long();
    out.append(block.data(), output.pos);
    if (left == 0) break;
    if (input.pos == input.size && output.pos < output.size)
      return fail(ErrorKind::invalid, "not acceptable zstd: the frame is cut short");
  }
  if (input.pos != input.size) return fail(ErrorKind::invalid, "not acceptable zstd: more than one frame");
  return out;
}

std::string compress_zstd_checked(std::string_view bytes, int level) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) return compress_zstd(bytes, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

bool is_zstd_checked(std::string_view bytes) {
  // RFC 8878, 3.1.1.1.1: the descriptor follows the magic number; bit 2 of it is the checksum's.
  constexpr std::size_t kDescriptor = 4;
  return bytes.size() > kDescriptor && (static_cast<unsigned char>(bytes[kDescriptor]) & 4u) != 0;
}

struct ZstdReader::Context {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> inflater{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

ZstdReader::ZstdReader() : context_(std::make_unique<Context>()) {}
ZstdReader::~ZstdReader() = default;

Result<std::string_view> ZstdReader::read(std::string_view bytes) {
  constexpr std::size_t kMostKept = 1u << 20;  // memory for one large text is given back
  const unsigned long long told = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  const bool plain = context_->inflater != nullptr && told != 0 && told <= kMostKept &&
                     ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size();
  if (!plain) {
    auto text = decompress_zstd(bytes);
    if (!text) return tl::unexpected(text.error());
    text_ = std::move(*text);
    return std::string_view(text_);
  }
  if (text_.capacity() > 2 * kMostKept) std::string().swap(text_);
  text_.resize(static_cast<std::size_t>(told));
  const std::size_t size = ZSTD_decompressDCtx(context_->inflater.get(), text_.data(), text_.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size)) return fail(ErrorKind::invalid, std::string("not acceptable zstd: ") + ZSTD_getErrorName(size));
  return std::string_view(text_).substr(0, size);
}

}  // namespace plumbline
