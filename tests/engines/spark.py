"""Reads uploads with Spark, and judges each farm on its own: spark-submit spark.py UPLOADS SUMMARY

A task that dies is tried again by Spark: what it returned is then lost whole, so that nothing comes twice. The facts of an upload end with the
line that closes its run; without it, the task fails.
"""
import os, subprocess, sys
from pyspark import SparkFiles
from pyspark.sql import SparkSession

def facts(paths):
    for path in paths:
        # Damage of an upload is in its facts; only a failure of the tool fails the task. Paths are absolute: tasks run elsewhere.
        command = [SparkFiles.get("aemtrix"), "scan", "-q", "--exit-zero=all", "-f", "ndjson", path]
        run = subprocess.run(command, capture_output=True, text=True)
        lines = run.stdout.splitlines()
        if run.returncode or not lines or '"end":{' not in lines[-1]:
            raise RuntimeError(f"{path}: {run.stderr[-500:]}")
        yield os.path.dirname(path), run.stdout

def judged(farm):
    command = [SparkFiles.get("aemtrix"), "report", "-q", "--exit-zero=all", "--farm-by", "parent", "-f", "summary", "-"]
    return subprocess.run(command, input="".join(farm[1]), capture_output=True, text=True, check=True).stdout.splitlines()

uploads, summary = map(os.path.abspath, sys.argv[1:3])
spark = SparkSession.builder.appName("aemtrix").getOrCreate().sparkContext
spark.addFile(os.path.abspath(os.environ.get("AEMTRIX", "aemtrix")))
paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(uploads) for name in names)
lines = spark.parallelize(paths, max(1, len(paths) // 20)).mapPartitions(facts).groupByKey().flatMap(judged).collect()
with open(summary, "w") as out:
    out.writelines(line + "\n" for line in sorted(lines))
