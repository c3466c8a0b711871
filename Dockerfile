# OurVidz with the default build of torch (CUDA). Run with:
#   docker build -t ourvidz . && docker run --gpus all -p 127.0.0.1:8080:8080 -v ourvidz:/data ourvidz
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 ourvidz && mkdir /data && chown ourvidz /data
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --requirement requirements.lock
COPY app.py pyproject.toml ./
COPY ourvidz ourvidz
COPY assets assets

USER ourvidz
ENV OURVIDZ_DATA_DIR=/data OURVIDZ_HOST=0.0.0.0 OURVIDZ_SHOW=false
VOLUME /data
EXPOSE 8080
HEALTHCHECK --start-period=30s CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/api/health')"
CMD ["python", "app.py"]
