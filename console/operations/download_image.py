"""Bring a Marketplace image onto the cluster."""

from console.backends import BackendError, JobState
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationState
from console.model.request import DownloadImage
from console.model.site import Image, ImageState
from console.operations.base import OperationContext, Outcome, not_sent, send

_S = OperationState
_STEP = "download_image"


class DownloadImageOperation:
    """An idempotent PUT, followed until the image says Ready."""

    kind = "download_image"
    checks = ("platform_allows", "azure_answers", "resource_bridge_is_online", "image_is_supported")
    can_cancel = False

    def title(self, request: DownloadImage) -> str:
        return f"Download image {request.name}"

    def locks(self, request: DownloadImage) -> frozenset[str]:
        return frozenset({f"image:{request.resource_group}/{request.name}".lower()})

    def slots(self, request: DownloadImage) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: DownloadImage) -> Outcome:
        present = _find(context, request.name)
        if present is not None and present.state is ImageState.READY and not context.sent:
            return Outcome(_S.SUCCEEDED, f"{request.name} is on the cluster already.")
        if context.sent and context.sent[-1].token:
            job = await context.backend.resume_job(context.sent[-1].token)
        else:
            try:
                job = await send(
                    context,
                    _STEP,
                    f"PUT marketplaceGalleryImages/{request.name}",
                    lambda: context.backend.download_image(request, context.operation_id),
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return not_sent(context, error.fault, "Azure refused the download.")
        report = await context.follow(job, phase="Downloading")
        await context.verifying("Looking whether the image is ready")
        await context.refresh()
        image = _find(context, request.name)
        if image is not None and image.state is ImageState.READY:
            return Outcome(_S.SUCCEEDED, f"{image.name} is ready on the cluster.")
        if report.state is JobState.FAILED or (image and image.state is ImageState.FAILED):
            why = image.error_message if image is not None else ""
            fault = report.fault or Fault(FaultCode.REJECTED, why or "The download failed.")
            return Outcome(_S.FAILED, "The image is not usable.", fault)
        fault = Fault(
            FaultCode.LOST,
            "The download ended, but the image does not say that it is ready.",
            remedy="The console keeps looking.",
        )
        return Outcome(_S.UNKNOWN, "Whether the image is ready is not known.", fault)


def _find(context: OperationContext, name: str) -> Image | None:
    wanted = name.casefold()
    images = context.inventory.site.images
    return next((image for image in images if image.name.casefold() == wanted), None)
