"""Which folders are looked in, in what order and with what trust; the layers of settings; what a file is."""

__all__ = ["file_types", "folders", "layers", "lexicons", "resources", "sources"]
