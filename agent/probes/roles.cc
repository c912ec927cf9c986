// SPDX-License-Identifier: Apache-2.0
// What this host does, so that rules can say to which hosts they apply.
#include <algorithm>
#include <set>

#include "agent/probes/all.h"
#include "agent/probes/pci_accelerators.h"
#include "agent/read.h"
#include "agent/services.h"
#include "base/text.h"

namespace plumbline {
namespace {

/// Unknown where a function of the bus cannot be looked at and none that can be is an accelerator.
Result<bool> has_accelerator(const Host& host) {
  const std::string base = "/sys/bus/pci/devices";
  const auto entries = host.list(base);
  if (!entries && !is_absent(entries.error())) return tl::unexpected<Error>(entries.error());
  Result<bool> found = false;
  for (const auto& entry : entries.value_or(std::vector<FolderEntry>{})) {
    const std::string folder = base + "/" + entry.name;
    const auto number = parse_hex(read_text(host, folder + "/class").value_or(""));
    if (number && !may_accelerate(*number)) continue;
    const auto vendor = parse_hex(read_text(host, folder + "/vendor").value_or(""));
    const auto device = parse_hex(read_text(host, folder + "/device").value_or(""));
    if (!number || !vendor || !device) {
      if (is_there(host, folder)) found = fail(ErrorKind::invalid, "no class, vendor or device: " + folder);
      continue;
    }
    const std::string vendor_text = four_digits(static_cast<unsigned>(*vendor));
    const std::string device_text = four_digits(static_cast<unsigned>(*device));
    if (is_accelerator({entry.name, *number, vendor_text, device_text})) return true;
  }
  return found;
}

bool has_desktop(Machine& machine) {
  const auto& processes = machine.processes();
  return processes && std::any_of(processes->begin(), processes->end(), [](const Process& one) {
           for (const std::string_view name : {"Xorg", "gdm3", "gdm", "sddm", "lightdm", "gnome-shell",
                                               "kwin_wayland", "kwin_x11", "plasmashell", "xfce4-session"})
             if (one.name == name) return true;
           return false;
         });
}

}  // namespace

Result<void> probe_roles(const Host& host, Machine& machine, Facts& facts) {
  std::set<std::string> names;
  const auto accelerator = has_accelerator(host);
  if (!accelerator) {
    facts.missing("roles.names", accelerator.error());
    return {};
  }
  // what runs tells most roles: a capture without /proc has none to tell, one that may not be read has
  const auto& processes = machine.processes();
  if (!processes && !is_absent(processes.error())) {
    facts.missing("roles.names", processes.error());
    return {};
  }
  for (const Service& service : machine.services()) {
    const Product& product = *service.product;
    if (product.family == ProductFamily::data_store && product.category != "coordination")
      names.insert("database");
    if (product.family == ProductFamily::ai && product.category == "model_server") names.insert("ai_server");
    if (product.family == ProductFamily::ai && product.category == "notebook") names.insert("notebook");
    if (product.family == ProductFamily::container && product.kind != "lxc" && service.pid != 0)
      names.insert(product.kind == "kubelet" || product.kind == "kube-apiserver" ? "kubernetes_node"
                                                                                 : "container_host");
    if (product.family == ProductFamily::web) names.insert("web_server");
  }
  if (names.count("kubernetes_node") != 0) names.insert("container_host");
  if (*accelerator) names.insert("gpu");
  if (!machine.container().empty() && machine.container() != "none") names.insert("container");
  if (has_desktop(machine)) names.insert("workstation");
  facts.set("roles.names", nlohmann::json(names));
  return {};
}

}  // namespace plumbline
