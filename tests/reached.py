"""What of the product something of the product reaches: names followed from module to module.

A definition is reached from what runs at import, from what a decorator hands to a framework, from
tables, and from `app.cli`. Names inside functions that hide a module's are not taken for it.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Place = tuple[str, str]  # module, name
_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp,
    ast.ListComp, ast.SetComp, ast.DictComp,
)  # fmt: skip
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Decorators that hand their function to nobody.
_PLAIN = ("dataclass", "cache", "lru_cache", "contextmanager", "asynccontextmanager", "overload")


@dataclass
class Module:
    """A file: what it defines, what it imports under which name, and what runs at import."""

    name: str
    tree: ast.Module
    definitions: dict[str, list[ast.stmt]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    loose: list[ast.stmt] = field(default_factory=list)

    def __post_init__(self) -> None:
        for one in ast.walk(self.tree):
            if isinstance(one, ast.ImportFrom):
                for alias in one.names:
                    self.imports[alias.asname or alias.name].add((one.module or "", alias.name))
            elif isinstance(one, ast.Import):
                for alias in one.names:
                    whole = alias.name if alias.asname else alias.name.split(".")[0]
                    self.imports[alias.asname or whole].add((whole, ""))
        for one in self.tree.body:
            names = _names_of(one)
            for name in names:
                self.definitions[name].append(one)
            if not names and not isinstance(one, ast.Import | ast.ImportFrom):
                self.loose.append(one)


def _names_of(statement: ast.stmt) -> list[str]:
    if isinstance(statement, _NAMED):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return []
    plain = all(isinstance(one, ast.Name | ast.Tuple) for one in targets)
    return [one.id for target in targets for one in ast.walk(target)
            if plain and isinstance(one, ast.Name)]  # fmt: skip


class Product:
    """Every module of a package, and what each definition names of the others."""

    def __init__(self, package: Path) -> None:
        self.modules = {
            one.name: one
            for one in (
                Module(_dotted(path, package.parent), ast.parse(path.read_text(encoding="utf-8")))
                for path in package.rglob("*.py")
            )
        }

    @cached_property
    def definitions(self) -> set[Place]:
        return {(one.name, name) for one in self.modules.values() for name in one.definitions}

    def reached(self, roots: Callable[[Module], Iterator[ast.AST]]) -> set[Place]:
        """What the roots name, and what that names in turn."""
        found: set[Place] = set()
        new = [
            place
            for module in self.modules.values()
            for root in roots(module)
            for place in self._named_in(module, root)
        ]
        while new:
            place = new.pop()
            if place not in found:
                found.add(place)
                module = self.modules[place[0]]
                for statement in module.definitions[place[1]]:
                    new.extend(self._named_in(module, statement))
        return found

    def _named_in(self, module: Module, node: ast.AST) -> Iterator[Place]:
        for one in _not_hidden(node, frozenset()):
            for where, name in self._meant(module.name, one):
                if name:
                    yield where, name

    def _meant(self, module: str, node: ast.AST) -> set[tuple[str, str]]:
        """Definitions, or modules (then the name is empty), that an expression may stand for."""
        if isinstance(node, ast.Name):
            return self._looked_up(module, node.id)
        if isinstance(node, ast.Attribute):
            owners = {where for where, name in self._meant(module, node.value) if not name}
            return set().union(*(self._looked_up(where, node.attr) for where in owners))
        return set()

    def _looked_up(self, module: str, name: str) -> set[tuple[str, str]]:
        if f"{module}.{name}" in self.modules:
            return {(f"{module}.{name}", "")}
        if module not in self.modules:
            return set()
        here = self.modules[module]
        if name in here.definitions:
            return {(module, name)}
        found: set[tuple[str, str]] = set()
        for source, what in here.imports.get(name, ()):
            found |= self._looked_up(source, what) if what else {(source, "")}
        return found


def _dotted(path: Path, above: Path) -> str:
    parts = path.relative_to(above).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _not_hidden(node: ast.AST, hidden: frozenset[str]) -> Iterator[ast.AST]:
    """Every node below that no name of an inner scope hides."""
    if isinstance(node, ast.Name) and node.id in hidden:
        return
    yield node
    outside: list[ast.AST] = []
    if isinstance(node, _SCOPES):
        outside = _evaluated_outside(node)
        for one in outside:
            yield from _not_hidden(one, hidden)
        hidden |= _bound_in(node)
    for child in ast.iter_child_nodes(node):
        if child not in outside and not isinstance(child, ast.arguments):
            yield from _not_hidden(child, hidden)


def _evaluated_outside(scope: ast.AST) -> list[ast.AST]:
    """Decorators, annotations and defaults belong to whoever defines the function."""
    found: list[ast.AST] = list(getattr(scope, "decorator_list", []))
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) and scope.returns:
        found.append(scope.returns)
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        found += [one.annotation for one in ast.walk(scope.args)
                  if isinstance(one, ast.arg) and one.annotation]  # fmt: skip
        found += [one for one in (*scope.args.defaults, *scope.args.kw_defaults) if one]
    return found


def _bound_in(scope: ast.AST) -> frozenset[str]:
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        found = {one.arg for one in ast.walk(scope.args) if isinstance(one, ast.arg)}
    else:
        found = set()
    kept_out = {
        name for one in ast.walk(scope) if isinstance(one, ast.Global) for name in one.names
    }

    def stored(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id
            if not isinstance(child, (*_SCOPES, ast.ClassDef)):
                yield from stored(child)

    return frozenset((found | set(stored(scope))) - kept_out)


def run_by_itself(module: Module) -> Iterator[ast.AST]:
    """What runs at import, what a framework is handed, tables, and the commands."""
    yield from module.loose
    for statements in module.definitions.values():
        for one in statements:
            if module.name == "app.cli" or (isinstance(one, _NAMED) and _is_handed_on(one)):
                yield one
                yield ast.Name(one.name, ast.Load()) if isinstance(one, _NAMED) else one


def _is_handed_on(one: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    is_table = isinstance(one, ast.ClassDef) and any(key.arg == "table" for key in one.keywords)
    called = [ast.unparse(each).split("(")[0].split(".")[-1] for each in one.decorator_list]
    return is_table or any(name not in _PLAIN for name in called)
