# SPDX-License-Identifier: Apache-2.0
"""A disk without space under a running collector (goal R5): agents are told to wait, pages stay readable, nothing is
half-written, and scans flow again when there is space. By a limit on the size of files, and on a small file system."""
import http.client, os, resource, ssl, subprocess, sys

from collector_lab import Lab, wait_for


def page_status(lab, path):
    context = ssl.create_default_context(cafile=lab.state + "/ca.pem")
    connection = http.client.HTTPSConnection("127.0.0.1", lab.people_port, context=context, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().status


def said(lab, words):
    return words in open(lab.folder + "/collector.log").read()


def full_and_back(lab, fill, free):
    lab.deliver()
    wait_for("scans to be stored", lambda: lab.acknowledged() >= 20)
    fill()
    wait_for("agents to be told to wait", lambda: said(lab, "told to try again"))
    stuck = lab.acknowledged()
    lab.expect("the collector still runs", lab.collector.poll() is None)
    lab.expect("its pages are still readable", page_status(lab, "/login") == 200)
    lab.expect("what is stored can still be read", '"hosts"' in lab.run("score", "--json", "--state", lab.state))
    free()
    wait_for("scans to be stored again", lambda: lab.acknowledged() >= stuck + 20)
    lab.end_delivery()
    lab.expect("it said when it took scans again", said(lab, "takes scans again"))
    lab.expect("it stops cleanly", lab.stop() == 0)
    lab.expect_nothing_lost()


def by_limit(lab):
    def limit(size):
        resource.prlimit(lab.collector.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    full_and_back(lab, lambda: limit(64 * 1024), lambda: limit(resource.RLIM_INFINITY))


def by_file_system(lab):
    mounted = lab.state + "-small"
    os.mkdir(mounted)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mounted], stderr=subprocess.DEVNULL).returncode:
        print("skipped: a small file system cannot be mounted here")
        return
    try:
        lab.stop()
        subprocess.run(["cp", "-a", lab.state + "/.", mounted], check=True)
        lab.state = mounted
        lab.start()
        filler = mounted + "/filler"

        def fill():
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
        full_and_back(lab, fill, lambda: os.unlink(filler))
    finally:
        if lab.collector.poll() is None:
            lab.kill()
        subprocess.run(["umount", mounted])


for run in (by_limit, by_file_system):
    lab = Lab(agents=4)
    run(lab)
    if lab.failures:
        lab.finish()
lab.finish()
