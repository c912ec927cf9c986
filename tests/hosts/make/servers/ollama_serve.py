# SPDX-License-Identifier: Apache-2.0
# Answers as Ollama's server documents it (docs/api.md of Ollama), with nothing behind. Run by a copy of Python that is called "ollama", in a
# folder where this file is called "serve", so that the process looks like the real one: /usr/local/bin/ollama serve
import http.server
import json
import os

MODELS = [{"name": "llama3.1:8b", "model": "llama3.1:8b", "size": 4920753328, "details": {"format": "gguf", "family": "llama", "parameter_size": "8.0B"}}]
ANSWERS = {"/": "Ollama is running", "/api/version": {"version": "0.12.3"}, "/api/tags": {"models": MODELS}, "/api/ps": {"models": []},
           "/v1/models": {"object": "list", "data": [{"id": "llama3.1:8b", "object": "model", "owned_by": "library"}]}}


class Ollama(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answer = ANSWERS.get(self.path)
        body = b"404 page not found" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(200 if answer is not None else 404)
        self.send_header("Content-Type", "application/json; charset=utf-8" if isinstance(answer, dict) else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self):
        return "ollama"

    def log_message(self, *words):
        pass


host, _, port = os.environ.get("OLLAMA_HOST", "127.0.0.1:11434").partition(":")
http.server.ThreadingHTTPServer((host, int(port or 11434)), Ollama).serve_forever()
