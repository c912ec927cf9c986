// SPDX-License-Identifier: Apache-2.0
// Brings a message to a mail server or a webhook, once. Certificates are always verified, nothing is followed elsewhere,
// every wait has an end, and no message about it holds a secret.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collector/digest/settings.h"

namespace plumbline {

/// How it ended. Unsure: the message was on its way when the connection broke, so it may have arrived; whoever must not
/// send twice does not send again.
struct DeliveryEnd {
  enum class Outcome { sent, refused, unsure };
  Outcome outcome = Outcome::refused;
  bool try_again = false;                      // refused for now only
  long retry_after_seconds = 0;                // what the other side asked for
  std::string message;                         // for the person: what happened, and what to do next
  std::vector<std::string> refused_recipients; // of mail that others got
};

/// Asked while something is on its way; true ends it.
using Stop = std::function<bool()>;

/// How long one call may take: to connect and be greeted, and in all.
struct DeliveryLimits {
  long connect_seconds = 15;
  long call_seconds = 120;  // a message with an attachment over a slow line
};

DeliveryEnd send_mail(const MailSettings& settings, const std::string& bytes, const Stop& stop = {}, const DeliveryLimits& limits = {});
/// `what` for messages: "Slack", "Teams".
DeliveryEnd post_webhook(const WebhookSettings& settings, const std::string& what, const std::string& json_text, const Stop& stop = {},
                         const DeliveryLimits& limits = {});

/// Repeats what was refused for now, with growing waits of random length (full jitter), or as long as the other side asks.
struct Patience {
  int tries = 4;
  double first_wait_seconds = 2, longest_wait_seconds = 60;
};
/// `wait` sleeps and says whether to go on; `random` gives 0..1.
DeliveryEnd deliver_patiently(const std::function<DeliveryEnd()>& once, const Patience& patience, const std::function<bool(double seconds)>& wait, const std::function<double()>& random);

}  // namespace plumbline
