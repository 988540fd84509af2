"""The site: every page of docs/, the lessons and the reference, built by one command for reading without a network.

``python -m docs.site FOLDER`` writes it; needs the extra ``site``.
"""
