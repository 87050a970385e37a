"""What goes out: metrics, the JSON API and the pages. Everything is read through a `Reader`; nothing is written.

Its parts are imported from their modules: the words for people are used by commands that serve nothing.
"""
