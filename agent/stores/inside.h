// SPDX-License-Identifier: Apache-2.0
// A container's own files, as its processes see them, read from outside.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "agent/host.h"

namespace plumbline {

/// Maps a container's paths to those of the host below it: its volumes to their folders, everything else to
/// /proc/<pid>/root of one of its processes. Links are followed inside the container alone, so that none of
/// them leads to a file of the host. Questions go to the host as they are.
class InsideHost final : public Host {
 public:
  /// `pid` is 0 where none of its processes is known: then only volumes can be read. `host` must outlive it.
  InsideHost(const Host& host, int pid, std::map<std::string, std::string> volumes);

  /// Where the container's path lies on the host, links in it not followed; empty where nobody can tell.
  std::string outside(std::string_view path) const;
  /// Whether it lies in a volume, and so outlives the container.
  bool is_in_volume(std::string_view path) const;

  Result<std::string> read(std::string_view path, std::size_t limit) const override;
  Result<std::string> read_redacted(std::string_view path, Redact redact, std::size_t limit) const override;
  Result<std::vector<FolderEntry>> list(std::string_view path) const override;
  Result<std::string> read_link(std::string_view path) const override;
  Result<FileStat> stat(std::string_view path, bool follow) const override;
  Result<std::string> ask(std::string_view question) const override;

 private:
  /// Of a whole path that lies in a volume the part that its mount is; what is below stays in `left`. A volume can be
  /// read where the container's root may not. "" where it lies in none.
  std::string enter_volume(std::deque<std::string>& left) const;
  /// The host's path of what a container's path leads to.
  Result<std::string> resolve(std::string_view path, bool follow_last) const;

  const Host& host_;
  std::string root_;
  std::map<std::string, std::string> volumes_;
};

}  // namespace plumbline
