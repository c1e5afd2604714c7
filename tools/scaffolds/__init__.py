"""Applications from templates: code that builds and answers, its Kubernetes folder, its pipeline, its pages."""
