// SPDX-License-Identifier: Apache-2.0
// Paths of a container, followed one step at a time.
#include "agent/stores/inside.h"

#include <deque>

#include "base/text.h"

namespace plumbline {
namespace {

constexpr int kMaxLinks = 16;
constexpr std::size_t kMaxSteps = 128;

/// The volume that holds the path, or nothing.
std::map<std::string, std::string>::const_iterator volume_of(
    const std::map<std::string, std::string>& volumes, std::string_view path) {
  auto best = volumes.end();
  for (auto one = volumes.begin(); one != volumes.end(); ++one) {
    const std::string& inside = one->first;
    const bool holds =
        path == inside || (path.starts_with(inside) && (inside.ends_with('/') || path[inside.size()] == '/'));
    if (holds && !one->second.empty() && (best == volumes.end() || inside.size() > best->first.size()))
      best = one;
  }
  return best;
}

}  // namespace

InsideHost::InsideHost(const Host& host, int pid, std::map<std::string, std::string> volumes)
    : host_(host),
      root_(pid == 0 ? "" : "/proc/" + std::to_string(pid) + "/root"),
      volumes_(std::move(volumes)) {}

bool InsideHost::is_in_volume(std::string_view path) const {
  return volume_of(volumes_, path) != volumes_.end();
}

std::string InsideHost::outside(std::string_view path) const {
  const auto volume = volume_of(volumes_, path);
  if (volume == volumes_.end()) return root_.empty() ? "" : root_ + std::string(path);
  return volume->second + std::string(path.substr(volume->first.size()));
}

std::string InsideHost::enter_volume(std::deque<std::string>& left) const {
  std::string whole;
  for (const std::string& part : left) {
    if (part == "..") return "";
    if (!part.empty() && part != ".") whole.append("/").append(part);
  }
  const auto volume = volume_of(volumes_, whole);
  if (volume == volumes_.end() || volume->first == "/") return "";
  left.clear();
  for (const std::string_view part : split(std::string_view(whole).substr(volume->first.size()), '/')) left.emplace_back(part);
  return volume->first;
}

Result<std::string> InsideHost::resolve(std::string_view path, bool follow_last) const {
  std::deque<std::string> left;
  for (const std::string_view part : split(path, '/')) left.emplace_back(part);
  std::string done = enter_volume(left);  // the container's path so far: "" is its root
  int links = 0;
  for (std::size_t steps = 0; !left.empty(); ++steps) {
    if (steps > kMaxSteps) return fail(ErrorKind::limit, std::string(path) + ": too many folders and links");
    const std::string part = left.front();
    left.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done.erase(std::min(done.rfind('/'), done.size()));
      continue;
    }
    const std::string next = done + "/" + part;
    const std::string place = outside(next);
    if (place.empty())
      return fail(ErrorKind::not_found, "not found: " + std::string(path) + " of a container that does not run");
    const auto stat = host_.stat(place, false);
    if (!stat) return tl::unexpected<Error>(stat.error());
    if (stat->type != FileType::link || (left.empty() && !follow_last)) {
      done = next;
      continue;
    }
    const auto target = host_.read_link(place);
    if (!target) return tl::unexpected<Error>(target.error());
    if (++links > kMaxLinks) return fail(ErrorKind::limit, std::string(path) + ": too many links");
    std::deque<std::string> more;
    for (const std::string_view step : split(*target, '/')) more.emplace_back(step);
    left.insert(left.begin(), more.begin(), more.end());
    if (target->starts_with('/')) done = enter_volume(left);
  }
  return outside(done.empty() ? "/" : done);
}

Result<std::string> InsideHost::read(std::string_view path, std::size_t limit) const {
  const auto place = resolve(path, true);
  if (!place) return place;
  return host_.read(*place, limit);
}

Result<std::string> InsideHost::read_redacted(std::string_view path, Redact redact, std::size_t limit) const {
  const auto place = resolve(path, true);
  if (!place) return place;
  return host_.read_redacted(*place, redact, limit);
}

Result<std::vector<FolderEntry>> InsideHost::list(std::string_view path) const {
  const auto place = resolve(path, true);
  if (!place) return tl::unexpected<Error>(place.error());
  return host_.list(*place);
}

Result<std::string> InsideHost::read_link(std::string_view path) const {
  const auto place = resolve(path, false);
  if (!place) return place;
  return host_.read_link(*place);
}

Result<FileStat> InsideHost::stat(std::string_view path, bool follow) const {
  const auto place = resolve(path, follow);
  if (!place) return tl::unexpected<Error>(place.error());
  return host_.stat(*place, false);
}

Result<std::string> InsideHost::ask(std::string_view question) const {
  return host_.ask(question);
}

}  // namespace plumbline
