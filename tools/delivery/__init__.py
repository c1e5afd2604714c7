"""From a commit to its pods: webhook, build, image, Argo CD. Where the chain is broken, and what to type.

reading    what is asked of the cluster, and what may not be read
facts/     what the objects of Argo CD, Tekton and OpenShift's builds say, field by field
rules/     a broken link, each a pure function; by subject: argo_cd, tekton, openshift
receivers  where this cluster is told of pushes, and which repositories tell it
webhooks   what the git hosts say of that
related    which runs and builds make what an application runs
updater_log   what Argo CD's Image Updater logs
effects    what a sync changes, and whose that is
applications, builders   what is done about it: sync, refresh, rerun, unpause, a build's secret
links      the chain, link by link: fine, broken, going on, not checked
"""
