#!/opt/vllm/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Answers as vLLM's server for the API of OpenAI documents it, with nothing behind: its own pages to anybody, those under /v1 with the key only.
import argparse
import http.server
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["serve"])
parser.add_argument("model")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=8000)
options, _ = parser.parse_known_args()
key = os.environ.get("VLLM_API_KEY", "")


class Vllm(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, answer = 404, {"detail": "Not Found"}
        if self.path in ("/health", "/ping"):
            status, answer = 200, {}
        elif self.path == "/version":
            status, answer = 200, {"version": "0.32.1"}
        elif self.path.startswith("/v1/"):
            status, answer = 401, {"error": "Unauthorized"}
            if self.headers.get("Authorization") == "Bearer " + key:
                status, answer = 200, {"object": "list", "data": [{"id": options.model, "object": "model", "owned_by": "vllm"}]}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self):
        return "uvicorn"

    def log_message(self, *words):
        pass


http.server.ThreadingHTTPServer((options.host, options.port), Vllm).serve_forever()
