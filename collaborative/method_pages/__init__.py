"""The pages docs/methods/: one for each statistic, with an example worked out by the code itself."""

from collaborative.method_pages.page import METHOD_FOLDER, MethodPage, method_page_text
from collaborative.method_pages.pages import METHOD_PAGES, PAGE_OF_METRIC, methods_index_text

__all__ = [
    "METHOD_FOLDER",
    "METHOD_PAGES",
    "PAGE_OF_METRIC",
    "MethodPage",
    "method_page_text",
    "methods_index_text",
]
