"""`xdrift doctor`: is everything there that checks need?"""
