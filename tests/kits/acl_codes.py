"""A right as Kafka's requests have it: Kafka's numbers for what its scripts write as words."""

RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
ALLOW, ANY_HOST = 3, "*"

Acl = tuple[int, str, int, str, str, int, int]
"""The arguments of `CreateAclsRequest` and `DeleteAclsRequest`."""


def acl(resource: str, name: str, pattern: str, principal: str, operation: str) -> Acl:
    """The right of a principal, such as `User:worker`, from any host."""
    return RESOURCES[resource], name, PATTERNS[pattern], principal, ANY_HOST, OPERATIONS[operation], ALLOW
