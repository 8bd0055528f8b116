"""Ranks chunks by plain BM25: reads {"chunks": [{"page", "text"}], "questions": [...]}, and writes for each question the
pages of its best ten chunks, the best first, and how long each question took on average."""

import json
import re
import sys
import time

from rank_bm25 import BM25Okapi


def words(text):
    return re.findall(r"\w+", text.lower())


given = json.load(sys.stdin)
index = BM25Okapi([words(chunk["text"]) for chunk in given["chunks"]])
began = time.perf_counter()
answers = []
for question in given["questions"]:
    scores = index.get_scores(words(question))
    best = sorted(range(len(scores)), key=lambda place: -scores[place])[:10]
    pages = [given["chunks"][place]["page"] for place in best if scores[place] > 0]
    answers.append(list(dict.fromkeys(pages)))
took = (time.perf_counter() - began) * 1000 / len(answers)
json.dump({"answers": answers, "millisecondsEach": took}, sys.stdout)
