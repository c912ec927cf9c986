// SPDX-License-Identifier: Apache-2.0
// Frames in and out of a socket.
#include "agent/manners/channel.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace plumbline {
namespace {

constexpr std::size_t kHeaderBytes = 5;

bool write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(socket, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::uint32_t length_at(const std::string& bytes, std::size_t at) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + at, sizeof length);
  return length;
}

}  // namespace

bool send_frame(int socket, FrameKind kind, std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  std::array<char, kHeaderBytes> header{};
  std::memcpy(header.data(), &length, sizeof length);
  header[sizeof length] = static_cast<char>(kind);
  return write_all(socket, {header.data(), header.size()}) && write_all(socket, text);
}

FrameBuffer::State FrameBuffer::read_from(int socket) {
  std::array<char, 64u << 10> chunk{};
  const ssize_t count = ::recv(socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? State::open : State::closed;
  if (count == 0) return State::closed;
  bytes_.erase(0, at_);
  at_ = 0;
  bytes_.append(chunk.data(), static_cast<std::size_t>(count));
  return State::open;
}

std::optional<Frame> FrameBuffer::next() {
  if (bytes_.size() - at_ < kHeaderBytes) return std::nullopt;
  const std::size_t length = length_at(bytes_, at_);
  broken_ = length > kMaxFrameBytes;
  if (bytes_.size() - at_ - kHeaderBytes < length) return std::nullopt;
  Frame frame{static_cast<FrameKind>(bytes_[at_ + sizeof(std::uint32_t)]),
              bytes_.substr(at_ + kHeaderBytes, length)};
  at_ += kHeaderBytes + length;
  return frame;
}

}  // namespace plumbline
