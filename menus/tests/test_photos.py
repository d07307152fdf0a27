from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image

from menus.exceptions import PhotoError
from menus.models import Item, MenuChange
from menus.photos import PHOTO_BYTES, delete_photo, photo_srcset, read_photo
from menus.services import copy_item, delete_item
from menus.services.history import undo_change
from menus.tests.factories import ItemFactory
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def picture(size=(2000, 1000), kind="JPEG", **options) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def test_a_photo_becomes_webp_in_three_widths():
    photo = read_photo(BytesIO(picture()))

    found = [photo.read(), *photo.smaller.values()]
    sizes = [Image.open(BytesIO(content)) for content in found]
    assert [image.size for image in sizes] == [(1280, 640), (640, 320), (320, 160)]
    assert {image.format for image in sizes} == {"WEBP"}


def test_a_photo_is_turned_upright_and_tells_nothing_of_its_camera():
    marks = Image.Exif()
    marks[0x0112] = 6  # turned by 90 degrees
    marks[0x0110] = "Camera of Ada"

    photo = read_photo(BytesIO(picture((800, 400), exif=marks)))

    image = Image.open(BytesIO(photo.read()))
    assert image.size == (400, 800)
    assert not image.getexif()


def test_a_small_photo_is_not_blown_up():
    photo = read_photo(BytesIO(picture((200, 100), "PNG")))

    assert Image.open(BytesIO(photo.read())).size == (200, 100)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        picture()[:2000],
        picture((10, 10), "GIF"),
        picture((300, 300), "PNG")[:80],
        b"x" * (PHOTO_BYTES + 1),
    ],
    ids=["empty", "svg", "cut off", "gif", "broken", "too large"],
)
def test_a_file_that_is_no_photo_is_refused(content):
    with pytest.raises(PhotoError):
        read_photo(BytesIO(content))


def test_a_photo_with_too_many_pixels_is_refused():
    with pytest.raises(PhotoError, match="pixels"):
        read_photo(BytesIO(picture((9000, 8000), "PNG")))


def save(client, item: Item, **values: object):
    fields = {
        "section": item.section_id,
        "name": item.name,
        "price": item.price,
        "position": 0,
        "is_active": "on",
        "item_modifier_groups-TOTAL_FORMS": 0,
        "item_modifier_groups-INITIAL_FORMS": 0,
        **values,
    }
    return client.post(reverse("owner:menus_item_change", args=[item.pk]), fields)


@pytest.fixture
def item(client) -> Item:
    item = ItemFactory.create()
    client.force_login(MembershipFactory(restaurant=item.restaurant).user)
    return item


def upload(**kinds) -> SimpleUploadedFile:
    return SimpleUploadedFile("my pizza.jpg", picture(**kinds), "image/jpeg")


def files() -> list[str]:
    return sorted(default_storage.listdir("items")[1])


def test_an_uploaded_photo_is_stored_in_all_sizes(client, item):
    answer = save(client, item, photo=upload())

    assert answer.status_code == 302
    item.refresh_from_db()
    stem = item.photo.name.removeprefix("items/").removesuffix(".webp")
    assert files() == [f"{stem}-320.webp", f"{stem}-640.webp", f"{stem}.webp"]
    assert f"{stem}-640.webp 640w" in photo_srcset(item.photo)


@pytest.mark.parametrize("values", [{}, {"photo-clear": "on"}])
def test_a_photo_that_was_replaced_or_taken_away_comes_back_with_its_files(
    client, item, django_capture_on_commit_callbacks, values
):
    save(client, item, photo=upload())
    before = files()
    with django_capture_on_commit_callbacks(execute=True):
        save(client, item, **(values or {"photo": upload()}))
    item.refresh_from_db()
    stem = before[0].removesuffix("-320.webp")
    assert stem not in item.photo.name

    undo_change(change_pk=MenuChange.objects.latest("pk").pk, user=None)

    item.refresh_from_db()
    assert item.photo.name == f"items/{stem}.webp"
    assert set(before) <= set(files())


def test_a_photo_whose_file_is_gone_does_not_come_back_broken(client, item):
    save(client, item, photo=upload())
    item.refresh_from_db()
    save(client, item, **{"photo-clear": "on"})
    delete_photo(item.photo.name)

    undo_change(change_pk=MenuChange.objects.latest("pk").pk, user=None)

    item.refresh_from_db()
    assert item.photo.name == ""


def test_a_copys_photo_stays_when_the_original_goes(
    client, item, django_capture_on_commit_callbacks
):
    save(client, item, photo=upload())
    copy = copy_item(item_pk=item.pk)

    with django_capture_on_commit_callbacks(execute=True):
        delete_item(item_pk=item.pk)
    assert len(files()) == 3
    with django_capture_on_commit_callbacks(execute=True):
        delete_item(item_pk=copy.pk)
    assert files() == []


@pytest.mark.parametrize("content", [b"<html>", picture()[:5000]])
def test_a_broken_photo_is_an_error_beside_the_field(client, item, content):
    broken = SimpleUploadedFile("pizza.jpg", content, "image/jpeg")

    answer = save(client, item, photo=broken, name="Bufala")

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["photo"]
    item.refresh_from_db()
    assert (item.photo.name, item.name) == ("", "Margherita")


def test_pages_offer_every_size_of_a_sized_photo_and_the_one_of_another(item):
    item.photo.save("old.jpg", ContentFile(picture()), save=False)
    old = render_to_string(
        "components/picture.html", {"upload": item.photo, "name": "Margherita"}
    )
    item.photo = f"items/{'0' * 32}.webp"
    new = render_to_string(
        "components/picture.html", {"upload": item.photo, "name": "Margherita"}
    )

    assert "srcset" not in old
    assert "old.jpg" in old
    assert f"{'0' * 32}-320.webp 320w" in new
    assert 'alt="Margherita"' in new
