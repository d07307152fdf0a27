"""What open pages and apps are told as it changes: the inbox, the board, an order.

Server-sent events (HTML standard, 9.2) from an ASGI server of its own: a stream lasts
as long as a page is open, and would hold one of the site's few threads. On a page the
session's cookie says who listens (cookies know no ports, so the site's own works here);
an app sends its token, and may ask again and again instead (long polling).
"""
