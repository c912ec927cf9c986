// SPDX-License-Identifier: Apache-2.0
// Draws a scan from the catalog: a fact the catalog knows needs no line here to be shown.
#include "agent/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "facts/catalog.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kLabelWidth = 30;
constexpr std::size_t kMaxRows = 40;  // of a list; the document has them all
constexpr std::size_t kMaxValueLength = 160;

class Page {
 public:
  Page(const Scan& scan, const RenderOptions& options) : scan_(scan), options_(options) {}

  std::string draw() {
    head();
    for (const auto name : sections()) {
      const auto found = scan_.sections.find(std::string(name));
      if (found != scan_.sections.end()) section(found->first, found->second);
    }
    if (options_.timings) timings();
    foot();
    return std::move(text_);
  }

 private:
  std::string paint(const char* code, std::string_view words) const {
    return options_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, words) : std::string(words);
  }
  std::string bold(std::string_view words) const { return paint("1", words); }
  std::string dim(std::string_view words) const { return paint("2", words); }

  const json* fact(const char* section, const char* key) const {
    const auto found = scan_.sections.find(section);
    if (found == scan_.sections.end()) return nullptr;
    const auto value = found->second.data.find(key);
    return value == found->second.data.end() ? nullptr : &*value;
  }
  std::string text_fact(const char* section, const char* key) const {
    const json* value = fact(section, key);
    return value != nullptr && value->is_string() ? printable(value->get_ref<const std::string&>())
                                                  : std::string();
  }
  double number_fact(const char* section, const char* key) const {
    const json* value = fact(section, key);
    return value != nullptr && value->is_number() ? value->get<double>() : -1;
  }

  /// "db01 · Debian GNU/Linux 12 (bookworm) · 2 × Intel Xeon …, 64 CPUs · 251 GiB · no accelerator"
  void head() {
    std::vector<std::string> parts;
    if (auto os = text_fact("os", "name"); !os.empty()) parts.push_back(os);
    if (auto model = text_fact("cpu", "model"); !model.empty()) parts.push_back(model);
    if (const double threads = number_fact("cpu", "threads"); threads > 0)
      parts.push_back(fmt::format("{:.0f} CPU{}", threads, threads > 1 ? "s" : ""));
    if (const double memory = number_fact("memory", "total_bytes"); memory > 0)
      parts.push_back(human_bytes(memory));
    if (const double count = number_fact("accelerators", "count"); count == 0)
      parts.emplace_back("no accelerator");
    else if (count > 0)
      parts.push_back(fmt::format("{:.0f} accelerator{}", count, count > 1 ? "s" : ""));
    const auto name = text_fact("host", "name");
    text_ += bold(name.empty() ? "This host" : name) + "  " + dim(to_iso8601(scan_.taken_at)) + "\n";
    if (!parts.empty()) text_ += join(parts, " · ") + "\n";
  }

  void section(const std::string& name, const Section& section) {
    std::string title = name;
    std::replace(title.begin(), title.end(), '_', ' ');
    text_ += "\n" + paint("1;36", title) + "\n";
    for (const auto& row : catalog()) {
      if (row.path.substr(0, name.size() + 1) != name + "." || contains(row.path, "[]")) continue;
      const json* value = find(section.data, row.path.substr(name.size() + 1));
      if (value != nullptr) show(row, row.path.substr(name.size() + 1), *value);
    }
    missing(name, section);
  }

  static const json* find(const json& data, std::string_view path) {
    const json* place = &data;
    for (const auto key : split(path, '.')) {
      if (!place->is_object()) return nullptr;
      const auto found = place->find(std::string(key));
      if (found == place->end()) return nullptr;
      place = &*found;
    }
    return place;
  }

  void line(std::string_view key, const std::string& value) {
    std::string label(key);
    std::replace(label.begin(), label.end(), '_', ' ');
    for (const std::string_view unit : {" bytes", " seconds", " percent"}) {
      if (label.size() > unit.size() && label.compare(label.size() - unit.size(), unit.size(), unit) == 0)
        label.resize(label.size() - unit.size());
    }
    text_ += "  " + dim(fmt::format("{:<{}}", label, kLabelWidth)) + value + "\n";
  }

  void show(const Fact& row, std::string_view key, const json& value) {
    switch (row.type) {
      case FactType::object_list:
        return show_list(row, key, value);
      case FactType::string_map:
        return show_map(key, value);
      case FactType::string_list:
        return line(key, strings(value));
      default:
        return line(key, scalar(row, value));
    }
  }

  static std::string strings(const json& value) {
    std::vector<std::string> parts;
    for (const auto& item : value)
      if (item.is_string()) parts.push_back(printable(item.get_ref<const std::string&>()));
    return parts.empty() ? "none" : cut(join(parts, ", "));
  }

  static std::string cut(std::string text) {
    if (text.size() <= kMaxValueLength) return text;
    std::size_t end = kMaxValueLength;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
    return text.substr(0, end) + "…";
  }

  std::string scalar(const Fact& row, const json& value) const {
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      return text.empty() ? dim("none") : cut(printable(text));
    }
    if (!value.is_number()) return cut(printable(value.dump()));
    const double number = value.get<double>();
    if (row.unit == "bytes")
      return row.path.substr(row.path.size() - 4) == ".mtu" ? fmt::format("{:.0f}", number)
                                                            : human_bytes(number);
    if (row.unit == "seconds") return human_seconds(number);
    if (row.unit == "Mb/s")
      return number >= 1000 ? fmt::format("{:g} Gb/s", number / 1000) : fmt::format("{:g} Mb/s", number);
    const std::string unit = row.unit.empty() ? "" : row.unit == "%" ? " %" : " " + std::string(row.unit);
    return fmt::format(
        "{}{}", std::floor(number) == number ? fmt::format("{:.0f}", number) : fmt::format("{:.4g}", number),
        unit);
  }

  void show_map(std::string_view key, const json& value) {
    line(key, value.empty() ? "none" : fmt::format("{}", value.size()));
    std::size_t rows = 0;
    for (const auto& [name, item] : value.items()) {
      if (++rows > kMaxRows) return rest(value.size() - kMaxRows);
      if (item.is_string())
        text_ +=
            "    " + printable(name) + dim(" = ") + cut(printable(item.get_ref<const std::string&>())) + "\n";
    }
  }

  void rest(std::size_t count) {
    text_ += "    " + dim(fmt::format("… and {} more; --format json shows all", count)) + "\n";
  }

  /// The members of a list in the catalog's order, what stands first in bold.
  std::string row_of(std::string_view list, const json& item) const {
    const std::string prefix = std::string(list) + "[].";
    std::vector<std::string> parts;
    for (const auto& member : catalog()) {
      if (member.path.substr(0, prefix.size()) != prefix) continue;
      const auto key = member.path.substr(prefix.size());
      const auto found = item.find(std::string(key));
      if (found == item.end() || (found->is_string() && found->get_ref<const std::string&>().empty()))
        continue;
      if (found->is_array()) {
        if (!found->empty()) parts.push_back(key == "options" ? dim(strings(*found)) : strings(*found));
      } else if (parts.empty()) {
        parts.push_back(bold(scalar(member, *found)));
      } else if (found->is_string()) {
        parts.push_back(scalar(member, *found));
      } else if (found->is_boolean()) {
        if (!found->get<bool>() && (key == "network" || key == "removable")) continue;
        parts.push_back(std::string(found->get<bool>() ? "" : "not ") + words_of(key));
      } else {
        parts.push_back(dim(words_of(key)) + " " + scalar(member, *found));
      }
    }
    return join(parts, dim(" · "));
  }

  static std::string words_of(std::string_view key) {
    std::string text(key);
    std::replace(text.begin(), text.end(), '_', ' ');
    if (const auto list = text.find("[]."); list != std::string::npos) text.replace(list, 3, " ");
    for (const std::string_view unit : {" bytes", " percent", " watts", " celsius", " mbps", " gbps"}) {
      if (text.size() > unit.size() && text.compare(text.size() - unit.size(), unit.size(), unit) == 0)
        text.resize(text.size() - unit.size());
    }
    return text;
  }

  void show_list(const Fact& row, std::string_view key, const json& value) {
    line(key, value.empty() ? "none" : fmt::format("{}", value.size()));
    std::size_t rows = 0;
    for (const auto& item : value) {
      if (++rows > kMaxRows) return rest(value.size() - kMaxRows);
      if (item.is_object()) text_ += "    " + row_of(row.path, item) + "\n";
    }
  }

  void missing(const std::string& name, const Section& section) {
    if (section.status == SectionStatus::failed) {
      const auto why = section.missing.find(name);
      text_ += "  " + paint("31", "could not be read") +
               (why == section.missing.end() ? "" : ": " + printable(why->second)) + "\n";
      return;
    }
    // one sentence a reason: many facts often share one file
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    for (const auto& [path, why] : section.missing) {
      auto found = std::find_if(reasons.begin(), reasons.end(),
                                [&, reason = why](const auto& row) { return row.first == reason; });
      if (found == reasons.end()) found = reasons.insert(reasons.end(), {why, {}});
      found->second.push_back(words_of(path.substr(std::min(path.size(), name.size() + 1))));
    }
    for (const auto& [why, facts] : reasons) {
      text_ += "  " + paint("33", "not known") + " " + cut(join(facts, ", ")) + dim(" because ") +
               printable(why) + "\n";
    }
  }

  void timings() {
    text_ += "\n" + paint("1;36", "timings") + "\n";
    std::vector<std::pair<double, std::string>> rows;
    for (const auto& [name, section] : scan_.sections) rows.emplace_back(section.took_ms, name);
    std::sort(rows.rbegin(), rows.rend());
    for (const auto& [took_ms, name] : rows) line(name, fmt::format("{:8.3f} ms", took_ms));
  }

  void foot() {
    std::size_t unknown = 0;
    for (const auto& [name, section] : scan_.sections) unknown += section.missing.size();
    text_ +=
        "\n" +
        dim(fmt::format("{} sections, {} facts not known · {:.1f} ms processor time, {} at peak, no program "
                        "started · plumbline-agent {}",
                        scan_.sections.size(), unknown, scan_.cpu_ms,
                        human_bytes(static_cast<double>(scan_.peak_memory_bytes)), scan_.agent_version)) +
        "\n";
  }

  const Scan& scan_;
  const RenderOptions& options_;
  std::string text_;
};

}  // namespace

std::string render_scan(const Scan& scan, const RenderOptions& options) {
  return Page(scan, options).draw();
}

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (std::fabs(bytes) >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return bytes >= 100 || unit == 0 ? fmt::format("{:.0f} {}", bytes, kUnits[unit])
                                   : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string human_seconds(double seconds) {
  const auto total = static_cast<std::int64_t>(seconds);
  const auto days = total / 86400;
  const auto hours = total % 86400 / 3600;
  const auto minutes = total % 3600 / 60;
  if (days > 0) return fmt::format("{} day{} {} h", days, days > 1 ? "s" : "", hours);
  if (hours > 0) return fmt::format("{} h {} min", hours, minutes);
  if (minutes > 0) return fmt::format("{} min", minutes);
  return fmt::format("{} s", total);
}

}  // namespace plumbline
