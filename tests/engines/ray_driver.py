"""Reads uploads with Ray in batches, facts in a directory that the workers share, and judges them: ray_driver.py UPLOADS FACTS REPORT.json

A batch whose worker was killed is tried again, and reads only what has no facts yet.
"""
import os, subprocess, sys
import ray

TOOL = os.path.abspath(os.environ.get("AEMTRIX", "aemtrix"))
BATCH = 20

@ray.remote(max_retries=5)
def read(paths, facts):
    command = [TOOL, "scan", "-q", "--exit-zero=all", "--facts-dir", facts, "-f", "summary", "--files-from", "-", "-0"]
    subprocess.run(command, input="\0".join(paths), text=True, stdout=subprocess.DEVNULL, check=True)

uploads, facts, report = map(os.path.abspath, sys.argv[1:4])
paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(uploads) for name in names)
ray.init(log_to_driver=False)
ray.get([read.remote(paths[at : at + BATCH], facts) for at in range(0, len(paths), BATCH)])
with open(report, "wb") as out:
    judged = subprocess.run([TOOL, "report", "-q", "--farm-by", "parent", "-f", "json", facts], stdout=out)
# 1: findings, 2: evidence incomplete. Both are answers.
sys.exit(0 if judged.returncode <= 2 else judged.returncode)
