#!/usr/bin/env python3
"""A sync service for the tests of the command line: it answers as it is told, and writes down what it was asked.

usage: sync-service.py FOLDER [ANSWER...]

An ANSWER is the status of one call ("200", "500", "429"); "user=404" answers every call for users so. When they are
used up, it answers 200. Writes its port into FOLDER/port, and into FOLDER/calls a line per call: the object type, the
status, and how the ids look.
"""
import http.server
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
ALWAYS = dict(answer.split("=") for answer in sys.argv[2:] if "=" in answer)
ONCE = [answer for answer in sys.argv[2:] if "=" not in answer]
SUCCESS = b'{"params":{"status":"SUCCESS"},"responseCode":"OK","result":{"response":"SUCCESS"}}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        kind, ids = request["objectType"], request["objectIds"]
        status = int(ALWAYS.get(kind) or (ONCE.pop(0) if ONCE else 200))
        shape = "with course ids" if isinstance(ids[0], dict) else "plain"
        with open(FOLDER / "calls", "a", encoding="utf-8") as calls:
            calls.write(f"{kind} {status}: {len(ids)} ids, {shape}\n")
        body = SUCCESS if status == 200 else b"<html>no</html>"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
(FOLDER / "port.new").write_text(str(server.server_port), encoding="utf-8")
(FOLDER / "port.new").rename(FOLDER / "port")
server.serve_forever()
