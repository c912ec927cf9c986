#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One list of figures, found in HTML, PDF, workbook, CSV, JSON and text. Prints "ok NAME" or "not ok NAME".

The list is what `report --format json` gives as report.figures. Each format is read by a reader of its own below, which
knows nothing of that list and gives {name of figure: text or number}; then the two are compared. Every comparison is
also made with each figure altered, and must then fail."""
import sys
sys.path.pop(0)  # this folder's secrets.py is not the library's, which openpyxl wants

import csv
import hashlib
import html.parser
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unicodedata
import zipfile

import jsonschema
import openpyxl

BUILD = os.environ.get("PLUMBLINE_BUILD", os.path.join(os.getcwd(), "build/release"))
COLLECTOR = os.path.join(BUILD, "bin/plumbline-collector")
ENVIRONMENT = dict(os.environ, PLUMBLINE_RULES=os.environ.get("PLUMBLINE_RULES", os.path.join(os.getcwd(), "rules")),
                   PLUMBLINE_SITE=os.path.join(os.getcwd(), "packaging/demo/site"), NO_COLOR="1")
failures = 0


def report(name, fine, what=""):
    global failures
    print(("ok " if fine else "not ok ") + name, flush=True)
    if not fine:
        failures += 1
        print("    " + str(what).replace("\n", "\n    ")[:3000], flush=True)


def run(*arguments, status=0):
    done = subprocess.run([COLLECTOR, *arguments], env=ENVIRONMENT, capture_output=True, timeout=600)
    return done.returncode == status, done.stdout, done.stderr.decode("utf-8", "replace")


class Page(html.parser.HTMLParser):
    """The rows of tables as {heading: text}, and every block of text with the place it stands in."""
    BLOCKS = {"tr", "p", "li", "h1", "h2", "h3", "div", "td", "th", "dd", "dt"}

    def __init__(self, text):
        super().__init__()
        self.open, self.blocks, self.tables, self.quiet = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("style", "title", "svg"):
            self.quiet += 1
        if tag == "table":
            self.tables.append([])
        if tag in self.BLOCKS:
            self.open.append([tag, "", dict(attributes)])
        if tag in ("span", "b", "br") and self.open:
            self.open[-1][1] += "\x00"  # where a cell's first words end

    def handle_endtag(self, tag):
        if tag in ("style", "title", "svg"):
            self.quiet -= 1
        while tag in self.BLOCKS and self.open:
            kind, text, attributes = self.open.pop()
            parts = [" ".join(part.split()) for part in text.split("\x00")]
            whole = " ".join(part for part in parts if part)
            if kind in ("td", "th") and self.tables:
                if not self.tables[-1] or self.tables[-1][-1][1]:
                    self.tables[-1].append([[], False])
                self.tables[-1][-1][0].append((whole, next((part for part in parts if part), "")))
            if kind == "tr" and self.tables and self.tables[-1]:
                self.tables[-1][-1][1] = True
            if self.open:
                self.open[-1][1] += " " + text + " "
            self.blocks.append((kind, whole, attributes))
            if kind == tag:
                break

    def handle_data(self, text):
        if not self.quiet and self.open:
            self.open[-1][1] += text

    def rows(self, *headings):
        """Of every table with these headings, in this order: its rows as {heading: (all of the cell, its first words)}."""
        for table in self.tables:
            rows = [cells for cells, _ in table]
            if rows and [cell[0] for cell in rows[0]] == list(headings):
                for cells in rows[1:]:
                    if len(cells) == len(headings):
                        yield dict(zip(headings, cells))


def by_title(figures, prefix):
    """{title as shown: name of the figure without its last part}, and that titles tell them apart."""
    titles = {}
    for figure in figures.values():
        if figure["name"].startswith(prefix):
            titles.setdefault(figure["about"], set()).add(figure["name"].rsplit(".", 1)[0])
    report(f"titles tell {prefix}s apart", all(len(names) == 1 for names in titles.values()), titles)
    return {title: min(names) for title, names in titles.items()}


def read_cio(text, titles):
    page, found = Page(text), {}
    for kind, block, attributes in page.blocks:
        if kind == "li" and (match := re.match(r"The measured score of ([\d,]+) hosts is ([\d.]+) of 100\. It lies between (\d+) and (\d+), because (\d+%) of checks", block)):
            found["hosts"], found["score"], found["score.lower"], found["score.upper"], found["checks_known"] = match.groups()
        if kind == "li" and (match := re.match(r"The level is “(.*?)”", block)):
            found["level"] = match.group(1)
        if kind == "p" and (match := re.search(r"fails on (?:([\d,]+) of [\d,]+ hosts?|the fleet) · .* · gains (\S+|under 0\.1) · rule (\S+)$", block)):
            hosts, gain, rule = match.groups()
            found[f"finding.{rule}.gain"] = gain
            if hosts:
                found[f"finding.{rule}.hosts"] = hosts
    for row in page.rows("Pillar", "Bar: measured value; thin line: range if what is unknown fails or passes", "Value", "Range", "Share", "Points"):
        if name := titles["pillar"].get(row["Pillar"][0]):
            found[name], found[name + ".points"] = row["Value"][0], row["Points"][0]
    for row in page.rows("Action", "Owner", "Status", "Effort", "Cost", "Points"):
        if name := titles["action"].get(row["Action"][1]):
            found[name + ".gain"], found[name + ".effort"] = row["Points"][0], row["Effort"][0]
    for row in page.rows("Date", "Score", "Change", "Level", "Pilots ready"):
        if name := titles["outlook"].get(row["Date"][0]):
            found[name] = row["Score"][0]
    return found


def read_it(text, titles):
    page, found = Page(text), {}
    for row in page.rows("Action", "Hosts", "Effort", "Owner", "Status", "Points"):
        title = re.sub(r"^\d+\. ", "", row["Action"][1])
        if name := titles["action"].get(title):
            found[name + ".gain"], found[name + ".effort"] = row["Points"][0], row["Effort"][0]
            found[name + ".hosts"] = "0" if row["Hosts"][0] == "fleet" else row["Hosts"][0]  # a change that is made once, on no host
    for kind, block, attributes in page.blocks:
        if match := re.fullmatch(r"([\d.]+) of 100", block):
            found["score"] = match.group(1)
    return found


def read_ceo(text, titles):
    page, found = Page(text), {}
    for kind, block, attributes in page.blocks:
        if attributes.get("class") == "sheet-number":
            found["whole score"] = re.match(r"\d+", block).group(0)
    for row in page.rows("Action", "Owner", "Effort", "Points"):
        shown = row["Action"][1].removesuffix("…").strip()  # a long title is cut on this page
        names = [name for title, name in titles["action"].items() if title.startswith(shown)]
        if len(names) == 1:
            found[names[0] + ".gain"], found[names[0] + ".effort"] = row["Points"][1], row["Effort"][0].lower()
    return found


def read_text(text, titles):
    found = {}
    if match := re.search(r"Score   ([\d.]+) of 100   between (\d+) and (\d+); (\d+%) of checks known\n  Level   (.*?) \(", text):
        found["score"], found["score.lower"], found["score.upper"], found["checks_known"], found["level"] = match.groups()
    if match := re.search(r"  ([\d,]+) hosts, ", text):
        found["hosts"] = match.group(1)
    for line in text.splitlines():
        for title, name in titles["pillar"].items():
            if match := re.fullmatch(rf"  {re.escape(title)} +(\d+) +\S+ +\d+% +([\d.]+)", line):
                found[name], found[name + ".points"] = match.groups()
        for title, name in titles["workload"].items():
            if line.startswith("  " + title + " ") and (match := re.search(r"  (Ready for a pilot|Ready|After \d+ changes?|Unknown|Not here)\b(?:  +([\d,]+ to [\d,]+) people)?", line[len(title):])):
                found[name + ".state"] = match.group(1)
    for match in re.finditer(r"^  \d+\. (\S+(?: 0\.1)?) +(.*)\n +(.*?) · ", text, re.M):
        shown = match.group(2).rstrip("…")
        names = [name for title, name in titles["action"].items() if title.startswith(shown)]
        if len(names) == 1:
            found[names[0] + ".gain"], found[names[0] + ".effort"] = match.group(1), match.group(3)
    return found


def count_hosts(counted, row):
    """One row tells one cause: the host counts for the rules that fail for it too."""
    if row["Host"] != "(fleet)":
        for rule in [row["Rule"], *(row["Also seen as"] or "").split(", ")]:
            counted.setdefault(rule, set()).add(row["Host"])


def read_xlsx(path, titles):
    book, found = openpyxl.load_workbook(path), {}

    def sheet(name):
        rows = list(book[name].iter_rows(values_only=True))
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    for row in sheet("Summary"):
        found[row["Figure"]] = row["As shown"]
        if row["Number"] is not None:
            found[row["Figure"] + "#"] = row["Number"]
    counted = {}
    for row in sheet("Findings"):
        if row["Verdict"] == "Fails" or row["Verdict"] == "Fail":
            found[f"finding.{row['Rule']}.gain#"] = row["Points gained when fixed everywhere"]
            count_hosts(counted, row)
    for rule, hosts in counted.items():
        found[f"finding.{rule}.hosts#"] = len(hosts)
    for row in sheet("Roadmap"):
        if row["Place"] is not None:
            name = "action." + row["Action ID"]
            found[name + ".gain#"], found[name + ".effort#"], found[name + ".hosts#"] = row["Points of the action"], row["Effort (days)"], row["Hosts"]
    for row in sheet("Workloads"):
        name = titles["workload"][row["Workload"]]
        found[name + ".state"], found[name + ".changes#"] = row["Pilot"], row["Changes"]
        if row["People, all hosts, from"] is not None:
            found[name + ".people_low#"], found[name + ".people_high#"] = row["People, all hosts, from"], row["People, all hosts, to"]
    for row in sheet("Outlook"):
        if row["What"] == "Score if nothing is done":
            for title, name in titles["outlook"].items():
                if f"{row['Day'].day} {row['Day']:%B %Y}" == title:
                    found[name + "#"] = row["Score"]
    return found


def read_csv(text, gains):
    found, counted = {}, {}
    for row in csv.DictReader(io.StringIO(text)):
        if "Points gained when fixed everywhere" in row and row["Verdict"].startswith("Fail"):
            found[f"finding.{row['Rule']}.gain#"] = float(row["Points gained when fixed everywhere"])
            count_hosts(counted, row)
        if "Points of the action" in row and (name := gains.get(row["Action"])):
            found[name + ".gain#"] = float(row["Points of the action"])
    found.update({f"finding.{rule}.hosts#": len(hosts) for rule, hosts in counted.items()})
    return found


def read_json(document):
    score, found = document["score"], {}
    found.update({"score#": score["value"], "score.lower#": score["lower"], "score.upper#": score["upper"], "level#": score["level"], "checks_known#": score["checks_known"], "hosts#": score["hosts"], "level": score["level_title"]})
    for pillar in score["pillars"]:
        found[f"pillar.{pillar['pillar']}#"], found[f"pillar.{pillar['pillar']}.points#"] = pillar["value"], pillar["contribution"]
    for rule in document["rules"]:
        found[f"finding.{rule['id']}.gain#"], found[f"finding.{rule['id']}.hosts#"] = rule["gain"], rule["tally"]["fail"]
    for action in document["actions"]:
        found[f"action.{action['id']}.gain#"], found[f"action.{action['id']}.effort#"], found[f"action.{action['id']}.hosts#"] = action["gain"], action["effort_days"], len(action["hosts"])
    for workload in document["workloads"]:
        found[f"workload.{workload['id']}.changes#"] = workload["changes"]
    from_day = document["report"]["outlook"]["moments"]
    for moment, months in zip(from_day, (6, 12)):
        found[f"outlook.{months}#"] = moment["score"]
    return found


def same(figure, name, value):
    if value is None:
        return False
    if name.endswith("#"):
        return figure["number"] is not None and abs(float(value) - figure["number"]) < 1e-9
    return str(value) == figure["text"]


def altered(figure):
    """The same figure, wrong by a little."""
    other = dict(figure)
    if figure["number"] is not None:
        other["number"] = figure["number"] + 0.1
    digits = re.findall(r"\d", figure["text"])
    other["text"] = re.sub(r"\d(?=\D*$)", lambda match: str((int(match.group(0)) + 1) % 10), figure["text"], count=1) if digits else figure["text"] + "s"
    return other


def compare(format_name, figures, found, wanted):
    """Every figure whose name matches `wanted` must be in what was read, with the same value; and altered ones must not."""
    names = [name for name in figures if re.fullmatch(wanted, name)]
    wrong, blind = [], []
    for name in names:
        keys = [key for key in (name, name + "#") if key in found]
        if not keys or not all(same(figures[name], key, found[key]) for key in keys):
            wrong.append((figures[name], [found[key] for key in keys]))
        elif any(same(altered(figures[name]), key, found[key]) for key in keys):
            blind.append(name)
    report(f"{format_name}: the same {len(names)} figures", names and not wrong, wrong[:10] or "no figure is looked for")
    report(f"{format_name}: an altered figure is noticed", not blind, blind)


def squeezed(text):
    return re.sub(r"[\s\u00ad\u200b-]+", "", unicodedata.normalize("NFKC", text))


def check_pdf(name, pdf, html_text, title, pages=None):
    """The PDF holds every line of the HTML that has a figure; it is tagged, titled, in a language."""
    info = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True).stdout
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    report(f"{name} is tagged", fields.get("Tagged", "").strip() == "yes", info)
    report(f"{name} has its title", title in fields.get("Title", ""), info)
    if pages:
        report(f"{name} is one page of A4", fields.get("Pages", "").strip() == str(pages) and "A4" in fields.get("Page size", ""), info)
    raw = pathlib.Path(pdf).read_bytes()
    language = re.search(rb"/Lang\s*\((\w+)\)", raw) or re.search(rb"/Lang\s*\((?:\\376\\377|\xfe\xff)", raw)
    if language is None and shutil.which("qpdf"):
        raw = subprocess.run(["qpdf", "--qdf", "--object-streams=disable", pdf, "-"], capture_output=True).stdout
        language = re.search(rb"/Lang\s*\((\w+)\)", raw)
    report(f"{name} says its language", language is not None, fields)
    text = squeezed(subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True).stdout)
    missing = [block for kind, block, _ in Page(html_text).blocks if kind in ("td", "h1", "h2", "h3", "dd") and re.search(r"\d", block) and squeezed(block) not in text]
    blocks = [block for kind, block, _ in Page(html_text).blocks if kind in ("td", "h1", "h2", "h3", "dd") and re.search(r"\d", block)]
    report(f"{name} holds the {len(blocks)} figures of its HTML", blocks and not missing, missing[:10])


def pdfs(folder, state):
    engines = [engine for engine, program in (("weasyprint", ("weasyprint",)), ("chromium", ("chromium", "chromium-browser"))) if any(shutil.which(name) for name in program)]
    if not engines or not shutil.which("pdfinfo"):
        print("skipped: neither WeasyPrint nor Chromium, or no pdfinfo, is installed")
        return
    for engine in engines:
        for audience in ("ceo", "cio"):
            pdf = f"{folder}/{audience}.{engine}.pdf"
            fine, out, said = run("report", "--audience", audience, "--pdf", "--pdf-engine", engine, "-o", pdf, "--state", state)
            report(f"{engine} prints the {audience} report", fine, said)
            if fine:
                check_pdf(f"{audience} by {engine}", pdf, pathlib.Path(f"{folder}/{audience}.html").read_text(), "Velmora Drives", 1 if audience == "ceo" else None)
    fine, out, said = run("report", "--audience", "ceo", "--pdf", "-o", "-", "--state", state)
    report("-o - writes the PDF to standard output", fine and out.startswith(b"%PDF-"), said)
    fine, out, said = run("report", "--audience", "it", "--pdf", "--pdf-engine", engines[0], "--pdf-seconds", "1", "-o", f"{folder}/late.pdf", "--state", state, "--no-outlook", status=1)
    report("a PDF that takes too long is told, with what to do", fine and "stopped after 1 second" in said and "--pdf-engine" in said and not os.path.exists(f"{folder}/late.pdf"), said)


def nasty(folder, engines_installed):
    """A company whose names are as long and as hostile as they may be: still one page."""
    scans = pathlib.Path(folder, "nasty")
    run("demo", "--out", str(scans), "--date", "2026-11-23")
    for number, path in enumerate(sorted(scans.iterdir())):
        scan = json.loads(path.read_text())
        name = f"<img src=http://127.0.0.1:9/{number}> =cmd|'/c calc'!A1 \u202e " + "W" * 150
        host = scan["sections"]["host"]
        host["data"]["name"] = name
        host["hash"] = hashlib.sha256(json.dumps({"data": host["data"], "missing": host.get("missing", {}), "status": host["status"]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
        path.write_text(json.dumps(scan, ensure_ascii=False))
    files = sorted(str(path) for path in scans.iterdir())
    fine, out, said = run("assess", *files, "--audience", "ceo", "--format", "html", "--organisation", "Ünïcode & <b>Sons</b> " + "Verylongname " * 20)
    report("a nasty company is assessed", fine, said)
    page = pathlib.Path(folder, "nasty.html")
    page.write_bytes(out)
    if engines_installed:
        pdf = f"{folder}/nasty.pdf"
        subprocess.run(["weasyprint", "-q", str(page), pdf], check=False)
        report("and its CEO page is one page, too", "Pages:           1\n" in subprocess.run(["pdfinfo", pdf], capture_output=True, text=True).stdout)


def workbook(path):
    book = openpyxl.load_workbook(path)
    report("the workbook has its sheets", book.sheetnames == ["Summary", "Work list by action", "Work list by host", "Findings", "AI in use", "Workloads", "Roadmap", "Accepted risks", "Outlook", "Organisation", "Measures", "Method"], book.sheetnames)
    formulas = [(sheet.title, cell.coordinate) for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    report("no cell is a formula", not formulas, formulas)
    report("each sheet keeps its headings in sight, prints across and on pages as wide as the sheet", all(sheet.freeze_panes == "A2" and sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
           and sheet.print_title_rows for sheet in book), [(sheet.title, sheet.freeze_panes) for sheet in book])
    report("and filters", all(sheet.auto_filter.ref for sheet in book if sheet.max_row > 1))
    dates = {cell.number_format for sheet in book for row in sheet.iter_rows() for cell in row if cell.is_date}
    report("days are days, in one form", dates == {"yyyy-mm-dd"}, dates)
    numbers = [cell.value for cell in book["Roadmap"]["H"][1:] if cell.value is not None]
    report("points are numbers", numbers and all(isinstance(value, (int, float)) for value in numbers), numbers[:5])
    with zipfile.ZipFile(path) as parts:
        report("the workbook belongs to the company", b"<Company>Velmora Drives" in parts.read("docProps/app.xml"))


def commands(folder, state):
    for name, arguments, status, words in (("one page and no folder", ["--format", "html"], 2, "--audience"), ("a workbook for a terminal", ["--format", "xlsx"], 2, "-o FILE"), ("a PDF for a terminal", ["--pdf", "--audience", "ceo"], 2, "-o FILE"),
                                           ("a file and a folder", ["--audience", "ceo", "-o", f"{folder}/x.html", "--out", folder], 2, "one of them"), ("an unknown list", ["--format", "csv", "--list", "everything"], 2, "everything"),
                                           ("a folder that is not there", ["--audience", "ceo", "-o", f"{folder}/none/x.html"], 1, "none/x.html")):
        fine, out, said = run("report", *arguments, "--state", state, status=status)
        report(f"report: {name} is refused", fine and words in said, said)
    fine, out, said = run("report", "--out", f"{folder}/all", "--format", "csv", "--state", state)
    report("--out DIR writes all lists", fine and sorted(os.listdir(f"{folder}/all")) == ["ai-in-use.csv", "findings.csv", "work-list-by-host.csv", "work-list.csv"], said)
    fine, out, said = run("report", "--help")
    report("--help has examples", fine and b"--pdf -o ceo.pdf" in out)


def main():
    folder = tempfile.mkdtemp(prefix="plumbline-exports.", dir=os.environ.get("PLUMBLINE_SCRATCH", "/tmp"))
    try:
        state = f"{folder}/state"
        fine, out, said = run("demo", "--into", state, "--date", "2026-11-23")
        report("the sample company loads", fine, said)
        texts = {}
        for name, arguments in (("json", ["--format", "json"]), ("cio.html", ["--audience", "cio"]), ("it.html", ["--audience", "it"]), ("ceo.html", ["--audience", "ceo"]), ("cio.txt", ["--audience", "cio", "--format", "text"]),
                                ("it.txt", ["--audience", "it", "--format", "text"]), ("findings.csv", ["--format", "csv"]), ("actions.csv", ["--format", "csv", "--list", "actions"]), ("hosts.csv", ["--format", "csv", "--list", "hosts"])):
            fine, out, said = run("report", *arguments, "-o", "-", "--state", state)
            report(f"the report as {name}", fine and out, said)
            texts[name] = out.decode()
            pathlib.Path(folder, name).write_bytes(out)
        fine, out, said = run("report", "--format", "xlsx", "-o", f"{folder}/report.xlsx", "--state", state)
        report("the report as workbook", fine, said)
        document = json.loads(texts["json"])
        with open("collector/report/report.schema.json") as schema:
            errors = list(jsonschema.Draft7Validator(json.load(schema)).iter_errors(document))
        report("the JSON document is of its form", not errors, [(list(error.path), error.message[:200]) for error in errors[:5]])
        figures = {figure["name"]: figure for figure in document["report"]["figures"]}
        titles = {kind: by_title(figures, kind + ".") for kind in ("action", "workload")}
        titles["pillar"] = {figure["about"]: name for name, figure in figures.items() if re.fullmatch(r"pillar\.\w+", name)}
        titles["outlook"] = {figure["about"]: name for name, figure in figures.items() if name.startswith("outlook.")}
        report("the outlook is among the figures", set(titles["outlook"].values()) == {"outlook.6", "outlook.12"}, titles["outlook"])
        head = r"score|score\.lower|score\.upper|level|checks_known|hosts"
        compare("CIO report", figures, read_cio(texts["cio.html"], titles), rf"{head}|pillar\..*|finding\..*|action\..*\.(gain|effort)|outlook\..*")
        compare("IT work list", figures, read_it(texts["it.html"], titles), r"score|action\..*\.(gain|effort|hosts)")
        ceo = read_ceo(texts["ceo.html"], titles)
        report("CEO page: the score in whole points", ceo.get("whole score") == str(int(figures["score"]["number"])), ceo)
        shown = [re.escape(name) for name in ceo if name.startswith("action.")]
        report("CEO page: three actions", len(shown) == 6, ceo)
        compare("CEO page", figures, ceo, "|".join(shown))
        first = [re.escape(action["id"]) for action in document["actions"][:3]]
        compare("text for the CIO", figures, read_text(texts["cio.txt"], titles), rf"{head}|pillar\..*|workload\..*\.state|action\.({'|'.join(first)})\.(gain|effort)")
        book = read_xlsx(f"{folder}/report.xlsx", titles)
        compare("workbook", figures, book, r".*")
        report("workbook: every number is a number", all((figure["number"] is None) == (name + "#" not in book) for name, figure in figures.items()))
        compare("findings as CSV", figures, read_csv(texts["findings.csv"], {}), r"finding\..*")
        for name in ("actions.csv", "hosts.csv"):
            compare(f"work list as {name}", figures, read_csv(texts[name], titles["action"]), r"action\..*\.gain")
        compare("JSON", figures, read_json(document), rf"{head}|pillar\..*|finding\..*|action\..*|workload\..*\.changes|outlook\..*")
        people = [name for name in figures if name.endswith(".people")]
        told = [name for name in people if figures[name]["text"] in texts["cio.html"]]
        report("people served stand in the CIO report as in the figures", people and told == people, set(people) - set(told))
        rows = [sorted(tuple(sorted(row.items())) for row in csv.DictReader(io.StringIO(texts[name]))) for name in ("actions.csv", "hosts.csv")]
        report("the work list by host holds the rows of the work list by action", rows[0] == rows[1] and len(rows[0]) == len(document["report"]["work_list"]["rows"]))
        workbook(f"{folder}/report.xlsx")
        pdfs(folder, state)
        nasty(folder, bool(shutil.which("weasyprint") and shutil.which("pdfinfo")))
        commands(folder, state)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
