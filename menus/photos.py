"""Photos in the sizes that pages need; reads and writes files, never rows."""

import re
import struct
import uuid
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from menus.exceptions import PhotoError

PHOTO_BYTES = 5 * 1024 * 1024
# What a modern phone takes is 12 to 50 million; a bomb claims billions.
PHOTO_PIXELS = 60_000_000
FORMATS = ["JPEG", "PNG", "WEBP"]
# The first is the photo itself, the others stand next to it.
WIDTHS = [1280, 640, 320]
QUALITY = 82
# What Pillow raises about a file that is broken, or was made to break it.
BROKEN = (
    *(OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError),
    *(struct.error, zlib.error),
)
# Names that were given here, thus with all sizes.
_SIZED = re.compile(r"(?P<stem>.*/[0-9a-f]{32})\.webp", re.ASCII)


class PhotoFile(ContentFile[bytes]):
    """A photo ready to be stored in a field, with its smaller sizes by width."""

    def __init__(self, sizes: Mapping[int, bytes]) -> None:
        super().__init__(sizes[WIDTHS[0]], name=f"{uuid.uuid4().hex}.webp")
        self.smaller = {width: sizes[width] for width in WIDTHS[1:]}


def read_photo(upload: IO[bytes]) -> PhotoFile:
    """Return an uploaded photo upright, without metadata, in every size.

    PhotoError says what is wrong with it.
    """
    upload.seek(0, 2)
    if upload.tell() > PHOTO_BYTES:
        raise PhotoError(_("Choose a photo of at most 5 MB."))
    upload.seek(0)
    try:
        with Image.open(upload, formats=FORMATS) as image:
            if image.width * image.height > PHOTO_PIXELS:
                raise PhotoError(_("This photo has too many pixels."))
            # The decoder may shrink a JPEG while it reads: much less memory.
            image.draft("RGB", (WIDTHS[0] * 2, WIDTHS[0] * 2))
            upright = ImageOps.exif_transpose(image)
            has_alpha = upright.has_transparency_data
            photo = upright.convert("RGBA" if has_alpha else "RGB")
    except BROKEN as error:
        raise PhotoError(
            _("This file is no photo we can read. Choose a JPEG, PNG or WebP.")
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(_("This photo has too many pixels.")) from error
    return PhotoFile({width: _webp(photo, width) for width in WIDTHS})


def _webp(photo: Image.Image, width: int) -> bytes:
    if photo.width > width:
        height = max(1, round(photo.height * width / photo.width))
        photo = photo.resize((width, height), Image.Resampling.LANCZOS)
    out = BytesIO()
    photo.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def store_smaller(name: str, photo: PhotoFile) -> None:
    """Store the smaller sizes next to a photo that is stored as `name`."""
    for width, content in photo.smaller.items():
        sized = photo_name(name, width)
        if sized != name:
            default_storage.save(sized, ContentFile(content))


def photo_name(name: str, width: int) -> str:
    """Return the name of a photo's size; its own where it has no sizes."""
    found = _SIZED.fullmatch(name)
    if found is None or width == WIDTHS[0]:
        return name
    return f"{found['stem']}-{width}.webp"


def photo_url(photo: Any, width: int) -> str:
    """Return where a stored photo (a field's file) is, at least this wide if it can."""
    url: str = photo.storage.url(photo_name(photo.name, width))
    return url


def photo_srcset(photo: Any) -> str:
    """Return the sizes of a stored photo for a browser to choose; "" without any."""
    if _SIZED.fullmatch(photo.name) is None:
        return ""
    return ", ".join(f"{photo_url(photo, width)} {width}w" for width in WIDTHS)


def delete_photo(name: str) -> None:
    """Delete a photo's files in all sizes; what is gone already is fine."""
    # Only what stands in the folder of uploads.
    if PurePosixPath(name).parts[:1] == ("items",):
        for width in WIDTHS:
            default_storage.delete(photo_name(name, width))
