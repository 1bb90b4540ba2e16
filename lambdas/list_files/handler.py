"""GET /v1/jobs/{job_id}/files: list the files of a job."""

from craftspark.jobs.downloads import download_of, files_of_job, terms_of_job
from craftspark.jobs.settlement import own
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.file_views import FileList, FileView, terms_view
from lambdas.log import logger
from lambdas.wiring.image_links import links
from lambdas.wiring.jobs import job_list


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = job_list().read(id_in_path(request, "job_id"))
    job = own(record.job, request.maker)
    files = files_of_job(record)
    urls = links().links([download_of(job, file, saved=True) for file in files]) if files else []
    views = [
        FileView(image=file.image, kind=file.kind, name=file.name, url=url)
        for file, url in zip(files, urls, strict=True)
    ]
    return Response(body=FileList(files=views, terms=terms_view(terms_of_job(job))))
