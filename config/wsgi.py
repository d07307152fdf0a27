import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.charsets import SiteHandler  # noqa: E402 - needs the apps

application = SiteHandler()

# What is loaded stays: the collector looks at what requests leave behind only, and less
# often, since most of it goes without its help.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
