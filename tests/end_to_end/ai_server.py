# SPDX-License-Identifier: Apache-2.0
"""Answers as a model server or a console does, by the name it is started under, on the port and address its arguments name:
    ollama serve                        OLLAMA_HOST=127.0.0.1:11434
    vllm serve MODEL --host A --port P  --api-key KEY: its pages want it
    mlflow server --host A --port P     .../ray/dashboard/dashboard.py --host=A --port=P     torchrun train.py: no port at all"""
import http.server, json, os, signal, sys

name = os.path.basename(sys.argv[0]).replace("serve", "ollama")  # a script of that name, run by a program called ollama


def option(wanted, otherwise=""):
    for at, argument in enumerate(sys.argv):
        if argument == wanted and at + 1 < len(sys.argv):
            return sys.argv[at + 1]
        if argument.startswith(wanted + "="):
            return argument.split("=", 1)[1]
    return otherwise


PAGES = {
    "ollama": {"/": "Ollama is running", "/api/version": {"version": "0.12.3"}, "/api/tags": {"models": []}},
    "vllm": {"/version": {"version": "0.11.0"}, "/health": "", "/v1/models": {"object": "list", "data": []}},
    "mlflow": {"/version": "3.12.0", "/health": "OK"},
    "dashboard.py": {"/api/version": {"version": "4", "ray_version": "2.40.0", "ray_commit": "0"}},
}
GUARDED = ("/v1/",)
key = option("--api-key")


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES[name].get(self.path.split("?")[0])
        status = 404 if page is None else 200
        if key and self.path.startswith(GUARDED) and self.headers.get("Authorization") != "Bearer " + key:
            status, page = 401, {"error": "Unauthorized"}
        body = (page if isinstance(page, str) else json.dumps(page)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(page, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *what):
        pass


if name == "torchrun":
    signal.pause()
host, _, port = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434").rpartition(":") if name == "ollama" else (option("--host"), "", option("--port"))
http.server.ThreadingHTTPServer((host, int(port)), Answer).serve_forever()
