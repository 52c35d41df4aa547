"""What is said of a hierarchical regression.

From left to right: ``classical`` (REML and ML), ``profile`` (intervals by profile likelihood), ``complete`` (ordinary
regression), ``unpooled`` (one regression per cluster), ``pooling`` (all of them side by side), ``buildup`` (from the
null model on), ``clustering`` (what clusters do to the inference), ``prediction``, ``checks``, ``residuals``, and
``analysis`` (all result files).
"""
