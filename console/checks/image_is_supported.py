"""The image is one that this cluster's release supports for Trusted launch, and is ready."""

from console.catalog import load_images, same_image
from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine, DownloadImage
from console.model.site import ImageReference, ImageState

ID = "image_is_supported"
TITLE = "The image is supported and ready"
_FIELD = "image"


def on_request(
    request: CreateVirtualMachine | DownloadImage, situation: Situation
) -> tuple[Finding, ...]:
    if isinstance(request, DownloadImage):
        return _offered(request.image, situation)
    spec = request.spec
    if spec.image is not None:
        text = "The image is not on this cluster yet: it is downloaded first, which takes a while."
        return (*_offered(spec.image, situation), note(ID, text, field=_FIELD))
    image = next(
        (
            image
            for image in situation.inventory.site.images
            if image.arm_id.lower() == spec.image_id.lower()
        ),
        None,
    )
    if image is None:
        text = "The chosen image was not found on this cluster."
        return (blocks(ID, text, "Choose an image from the list.", field=_FIELD),)
    release = situation.inventory.cluster.release
    why_not = load_images().why_not(image, release)
    if why_not is not None:
        return (blocks(ID, f"{image.name}: {why_not}", "Choose another image.", field=_FIELD),)
    if image.state is ImageState.READY:
        return ()
    if image.state is ImageState.UNKNOWN:
        return (unknown(ID, f"Whether {image.name} is ready is not known.", field=_FIELD),)
    told = "is still being downloaded" if image.state is ImageState.DOWNLOADING else "failed"
    return (blocks(ID, f"The image {image.name} {told}.", image.error_message, field=_FIELD),)


def _offered(reference: ImageReference, situation: Situation) -> tuple[Finding, ...]:
    images, release = load_images(), situation.inventory.cluster.release
    if any(same_image(offer.reference, reference) for offer in images.offers(release)):
        return ()
    rule = images.rule_for(release)
    text = f"{reference.offer} / {reference.sku} is not supported for Trusted launch. {rule.text}"
    return (blocks(ID, text, "Choose another image.", field=_FIELD, source=rule.source),)
