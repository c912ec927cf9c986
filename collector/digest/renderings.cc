// SPDX-License-Identifier: Apache-2.0
// A digest as text, as HTML for mail programs, as Slack blocks and as a Teams card. Names in it come from packs and from
// people; each place they stand in takes them for plain text.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "collector/digest/digest.h"
#include "collector/report/phrases.h"

namespace plumbline {
namespace {

using nlohmann::json;

constexpr std::size_t kTextColumns = 76;
constexpr std::size_t kSlackTextCharacters = 2'900;    // of 3,000 in a section
constexpr std::size_t kSlackHeaderCharacters = 140;    // of 150
constexpr std::size_t kTeamsTextCharacters = 1'000;
constexpr std::size_t kMostTeamsBytes = 24u << 10;       // a webhook takes 28 KB
constexpr std::size_t kMostLinkBytes = 2'000;

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

/// Words in lines of kTextColumns; the first begins with `first`, the others with `rest`.
std::string wrapped(std::string_view text, std::string_view first, std::string_view rest) {
  std::string all, row(first);
  bool fresh = true;
  for (const std::string_view word : words(text)) {
    if (!fresh && width_of(row) + 1 + width_of(word) > kTextColumns) {
      all += row + "\n";
      row = rest;
      fresh = true;
    }
    row += (fresh ? "" : " ") + std::string(word);
    fresh = false;
  }
  return all + row + "\n";
}

std::string more_text(const DigestSection& section) { return say_count("digest.more", section.more); }

/// Slack reads & < > in every text; nothing else is markup in plain_text.
std::string slack_text(std::string_view text, std::size_t most) {
  std::string escaped;
  std::size_t characters = 0;
  for (const char c : printable(text)) {
    if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u && ++characters > most) return escaped + "…";
    escaped += c == '&' ? std::string("&amp;") : c == '<' ? std::string("&lt;") : c == '>' ? std::string("&gt;") : std::string(1, c);
    if (c == '&' || c == '<' || c == '>') characters += 4;
  }
  return escaped;
}

json slack_plain(std::string_view text, std::size_t most) { return {{"type", "plain_text"}, {"text", slack_text(text, most)}, {"emoji", false}}; }

std::string bullets_of(const DigestSection& section) {
  std::string text;
  for (const DigestLine& one : section.lines) text += "• " + one.title + (one.detail.empty() ? "" : ": " + one.detail) + "\n";
  if (section.more > 0) text += more_text(section) + "\n";
  return text.substr(0, text.size() - 1);
}

/// A section's text keeps its line breaks, which printable() would replace.
json slack_section(const DigestSection& section) {
  std::string text;
  for (const std::string_view row : lines(bullets_of(section))) text += slack_text(row, kSlackTextCharacters / (kMostDigestLines + 2)) + "\n";
  text.pop_back();
  return {{"type", "section"}, {"text", {{"type", "plain_text"}, {"text", text}, {"emoji", false}}}};
}

/// A TextRun is never read as Markdown, so whatever a name holds stays what it is.
json teams_run(std::string_view text, bool bold, const char* colour) {
  std::string shown = printable(text);
  if (shown.size() > kTeamsTextCharacters) shown = to_utf8(shown.substr(0, kTeamsTextCharacters)) + "…";
  json run = {{"type", "TextRun"}, {"text", shown}};
  if (bold) run["weight"] = "Bolder";
  if (colour != nullptr) run["color"] = colour;
  return run;
}

json teams_rich(json runs, const char* spacing) { return {{"type", "RichTextBlock"}, {"inlines", std::move(runs)}, {"spacing", spacing}}; }

const char* colour_of(DigestSection::Tone tone) {
  return tone == DigestSection::Tone::good ? "Good" : tone == DigestSection::Tone::bad ? "Attention" : nullptr;
}

json teams_section(const DigestSection& section) {
  json items = json::array();
  items.push_back(teams_rich(json::array({teams_run(section.title, true, colour_of(section.tone))}), "None"));
  for (const DigestLine& one : section.lines) {
    json runs = json::array({teams_run("• " + one.title, false, nullptr)});
    if (!one.detail.empty()) {
      json detail = teams_run(": " + one.detail, false, nullptr);
      detail["isSubtle"] = true;
      runs.push_back(std::move(detail));
    }
    items.push_back(teams_rich(std::move(runs), "Small"));
  }
  if (section.more > 0) items.push_back(teams_rich(json::array({teams_run(more_text(section), false, nullptr)}), "Small"));
  return {{"type", "Container"}, {"spacing", "Medium"}, {"items", std::move(items)}};
}

const char* css_of(DigestSection::Tone tone) {
  return tone == DigestSection::Tone::good ? "color:#1a6b3c" : tone == DigestSection::Tone::bad ? "color:#a3262a" : "color:#0b5c6b";
}

bool usable_link(const std::string& link) { return link.starts_with("https://") && link.size() <= kMostLinkBytes; }

}  // namespace

std::string render_digest_text(const DigestPage& page) {
  std::string text = wrapped(page.headline, "", "");
  for (const auto& fact : page.facts) text += wrapped(fact, "", "");
  for (const DigestSection& section : page.sections) {
    text += "\n" + section.title + "\n";
    for (const DigestLine& one : section.lines) text += wrapped(one.title + (one.detail.empty() ? "" : ": " + one.detail), "- ", "  ");
    if (section.more > 0) text += more_text(section) + "\n";
  }
  if (usable_link(page.link)) text += "\n" + page.link_text + ": " + page.link + "\n";
  return text + "\n-- \n" + wrapped(page.footer, "", "");
}

std::string render_digest_html(const DigestPage& page) {
  std::string html = "<!doctype html>\n<html lang=\"" + escape_html(say("language.code")) + "\"><head><meta charset=\"utf-8\"><title>" + escape_html(page.subject) + "</title></head>\n" +
                     "<body style=\"font-family:system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.45;max-width:40em;margin:1.5em auto;padding:0 1em\">\n" +
                     "<h1 style=\"font-size:22px;margin:0 0 .4em\">" + escape_html(page.headline) + "</h1>\n";
  for (const auto& fact : page.facts) html += "<p style=\"margin:.2em 0\">" + escape_html(fact) + "</p>\n";
  for (const DigestSection& section : page.sections) {
    html += "<h2 style=\"font-size:17px;margin:1.2em 0 .3em;" + std::string(css_of(section.tone)) + "\">" + escape_html(section.title) + "</h2>\n<ul style=\"margin:0;padding-left:1.2em\">\n";
    for (const DigestLine& one : section.lines)
      html += "<li style=\"margin:.25em 0\"><b>" + escape_html(one.title) + "</b>" + (one.detail.empty() ? "" : "<br>" + escape_html(one.detail)) + "</li>\n";
    html += "</ul>\n";
    if (section.more > 0) html += "<p style=\"margin:.3em 0\">" + escape_html(more_text(section)) + "</p>\n";
  }
  if (usable_link(page.link)) html += "<p style=\"margin:1.4em 0\"><a href=\"" + escape_html(page.link) + "\">" + escape_html(page.link_text) + "</a></p>\n";
  return html + "<p style=\"font-size:13px;margin-top:2em\">" + escape_html(page.footer) + "</p>\n</body></html>\n";
}

std::string render_digest_slack(const DigestPage& page) {
  json blocks = json::array();
  blocks.push_back({{"type", "header"}, {"text", slack_plain(page.headline, kSlackHeaderCharacters)}});
  if (!page.facts.empty()) blocks.push_back({{"type", "section"}, {"text", slack_plain(join(page.facts, " "), kSlackTextCharacters)}});
  for (const DigestSection& section : page.sections) {
    blocks.push_back({{"type", "header"}, {"text", slack_plain(section.title, kSlackHeaderCharacters)}});
    blocks.push_back(slack_section(section));
  }
  // The only text that is read for markup: an address of our own settings and our own words.
  if (usable_link(page.link))
    blocks.push_back({{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", "<" + slack_text(page.link, kMostLinkBytes) + "|" + slack_text(page.link_text, kSlackHeaderCharacters) + ">"}, {"verbatim", true}}}});
  blocks.push_back({{"type", "context"}, {"elements", json::array({slack_plain(page.footer, kSlackTextCharacters)})}});
  return canonical_json({{"text", slack_text(page.subject, kSlackTextCharacters)}, {"mrkdwn", false}, {"unfurl_links", false}, {"unfurl_media", false}, {"blocks", std::move(blocks)}});
}

namespace {

std::string teams_message(const DigestPage& page) {
  json head = teams_run(page.headline, true, nullptr);
  head["size"] = "Large";
  json body = json::array({teams_rich(json::array({std::move(head)}), "None")});
  for (const auto& fact : page.facts) body.push_back(teams_rich(json::array({teams_run(fact, false, nullptr)}), "Small"));
  for (const DigestSection& section : page.sections) body.push_back(teams_section(section));
  json footer = teams_run(page.footer, false, nullptr);
  footer["isSubtle"] = true;
  footer["size"] = "Small";
  body.push_back(teams_rich(json::array({std::move(footer)}), "Medium"));
  json card = {{"type", "AdaptiveCard"}, {"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"}, {"version", "1.4"}, {"body", std::move(body)}, {"msteams", {{"width", "Full"}}}};
  if (usable_link(page.link)) card["actions"] = json::array({{{"type", "Action.OpenUrl"}, {"title", page.link_text}, {"url", page.link}}});
  return canonical_json({{"type", "message"}, {"attachments", json::array({{{"contentType", "application/vnd.microsoft.card.adaptive"}, {"contentUrl", nullptr}, {"content", std::move(card)}}})}});
}

}  // namespace

std::string render_digest_teams(const DigestPage& page) {
  DigestPage shorter = page;
  for (std::size_t most = kMostDigestLines;; --most) {
    for (DigestSection& section : shorter.sections)
      if (section.lines.size() > most) {
        section.more += section.lines.size() - most;
        section.lines.resize(most);
      }
    std::string message = teams_message(shorter);
    if (message.size() <= kMostTeamsBytes || most == 1) return message;
  }
}

}  // namespace plumbline
