"""The API's OpenAPI 3.1 description, from the routes, the tools and the bodies that the handlers use."""
