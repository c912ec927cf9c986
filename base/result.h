// SPDX-License-Identifier: Apache-2.0
// How expected failures travel: a value or an Error, never an exception.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace plumbline {

/// What sort of failure it was, for callers that act on it; the message is for the person at the terminal.
enum class ErrorKind {
  invalid,            ///< the input is wrong
  not_found,          ///< it is not there
  permission_denied,  ///< it is there and may not be read
  limit,              ///< larger, deeper or more than allowed
  conflict,           ///< it contradicts what is stored
  unavailable,        ///< the other side is away: try again later
  io,                 ///< the disk, the network or a library failed
};

/// A failure. The message reads "subject: what happened" and, where there is one, ends with what to do next.
struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::not_found, "…")` from any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}
/// Hands an error on with a subject before it: `return fail("packs/x.yaml", error)`.
inline tl::unexpected<Error> fail(std::string subject, const Error& error) {
  return tl::unexpected<Error>(Error{error.kind, std::move(subject) + ": " + error.message});
}

}  // namespace plumbline
