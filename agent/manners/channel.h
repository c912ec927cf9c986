// SPDX-License-Identifier: Apache-2.0
// What the reader (the child that runs the probes) tells the agent: frames over a pair of sockets, each four
// bytes of length, one of kind, and the rest. The agent trusts none of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline {

enum class FrameKind : char {
  head = 'H',       // JSON {"taken_at":…,"privileged":…,"confined":[…]}
  begin = 'B',      // JSON number, the row of the probe that begins
  section = 'S',    // JSON {"probe":row,"status":"ok","took_ms":…,"cpu_ms":…,"data":{…},"missing":{…},"ended":""}
  file = 'F',       // of a recording: its path, a NUL, its bytes; the agent answers with one byte
  recording = 'J',  // the text of recording.json as it stands
  error = 'X',      // JSON {"kind":n,"message":"…"}: the host cannot be opened
  end = 'E',        // JSON {"peak_memory_bytes":…}: all is said
};

struct Frame {
  FrameKind kind = FrameKind::end;
  std::string text;
};

inline constexpr std::size_t kMaxFrameBytes = 24u << 20;

/// Writes all of it, waiting where the other side is slow. False when the other side is gone.
bool send_frame(int socket, FrameKind kind, std::string_view text);

/// Gathers bytes into frames.
class FrameBuffer {
 public:
  enum class State { open, closed };
  /// Reads what is there, without waiting for more.
  State read_from(int socket);
  /// The next whole frame.
  std::optional<Frame> next();
  /// The frame that next() waits for is longer than allowed: nothing more can be read.
  bool is_broken() const { return broken_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace plumbline
