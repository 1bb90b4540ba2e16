"""Metric math: the series that an expression computes from other series.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# A value for each period; None is a missing data point.
Series = tuple[float | None, ...]
Value = float | Series | list[Series]

# What CloudWatch writes in another way than Python.
WORDS = {"^": "**", "&&": " and ", "||": " or ", "AND": "and", "OR": "or"}
OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda left, right: bool(left) and bool(right),
    ast.Or: lambda left, right: bool(left) or bool(right),
}
SINGLE: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
COMBINED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "MIN": min,
    "MAX": max,
    "AVG": lambda values: sum(values) / len(values),
}


class ExpressionUnsupported(ValueError):
    """The expression is no metric math, or uses a function that the local cloud does not compute."""


def compute(expression: str, metrics: Mapping[str, Series], others: Mapping[str, Series], periods: int) -> Series:
    """The values of an expression, one for each of the `periods`.

    It may name `metrics` and the `others`, which are expressions, by their ID. Raises ExpressionUnsupported.
    """
    value = _Calculation(expression, metrics, others, periods).evaluate(_parse(expression).body)
    if isinstance(value, list):
        raise ExpressionUnsupported(f"{expression} is several series, and an alarm watches one")
    return (value,) * periods if isinstance(value, float) else value


def _parse(expression: str) -> ast.Expression:
    python = re.sub(r"\^|&&|\|\||\b(?:AND|OR)\b", lambda found: WORDS[found[0]], expression)
    try:
        return ast.parse(python.strip(), mode="eval")
    except SyntaxError as error:
        raise ExpressionUnsupported(f"{expression} is no metric math: {error.msg}") from error


class _Calculation:
    def __init__(
        self, expression: str, metrics: Mapping[str, Series], others: Mapping[str, Series], periods: int
    ) -> None:
        self._expression, self._metrics, self._periods = expression, metrics, periods
        self._series = {**metrics, **others}

    def evaluate(self, node: ast.AST) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in self._series:
                return self._series[name]
            case ast.List(elts=elements):
                return [self._spread(self.evaluate(each)) for each in elements]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._combine(operator.mul, [-1.0, self.evaluate(operand)])
            case ast.BinOp(left=left, op=how, right=right) if type(how) in OPERATORS:
                return self._combine(OPERATORS[type(how)], [self.evaluate(left), self.evaluate(right)])
            case ast.Compare(left=left, ops=[how], comparators=[right]) if type(how) in OPERATORS:
                return self._combine(OPERATORS[type(how)], [self.evaluate(left), self.evaluate(right)])
            case ast.BoolOp(op=how, values=[first, *others]):
                value = self.evaluate(first)
                for other in others:
                    value = self._combine(OPERATORS[type(how)], [value, self.evaluate(other)])
                return value
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise ExpressionUnsupported(f"{self._expression}: {ast.unparse(node)} is not computed in the local cloud")

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> Value:
        match name, arguments:
            case "METRICS", []:
                return list(self._metrics.values())
            case "IF", [condition, then, otherwise]:
                values = [self.evaluate(each) for each in (condition, then, otherwise)]
                return tuple(map(_choose, *map(self._spread, values)))
            case "FILL", [filled, ast.Name(id="REPEAT")]:
                return _repeat(self._spread(self.evaluate(filled)))
            case "FILL", [filled, by]:
                pairs = zip(self._spread(self.evaluate(filled)), self._spread(self.evaluate(by)), strict=True)
                return tuple(other if each is None else each for each, other in pairs)
            case _, [argument] if name in SINGLE:
                return self._combine(SINGLE[name], [self.evaluate(argument)])
            case _, [argument] if name in COMBINED:
                value = self.evaluate(argument)
                if isinstance(value, list):  # point by point, of those series that have the point
                    points = zip(*value, strict=True)
                    return tuple(_fold(COMBINED[name], each) for each in points)
                folded = _fold(COMBINED[name], self._spread(value))
                return (None,) * self._periods if folded is None else folded
        raise ExpressionUnsupported(f"{self._expression}: the function {name} is not computed in the local cloud")

    def _combine(self, function: Callable[..., Any], operands: Sequence[Value]) -> Value:
        if all(isinstance(each, float) for each in operands):
            folded = _apply(function, operands)
            return (None,) * self._periods if folded is None else folded
        return tuple(_apply(function, each) for each in zip(*map(self._spread, operands), strict=True))

    def _spread(self, value: Value) -> Series:
        if isinstance(value, list):
            raise ExpressionUnsupported(f"{self._expression}: several series where one is needed")
        return (value,) * self._periods if isinstance(value, float) else value


def _apply(function: Callable[..., Any], values: Sequence[Any]) -> float | None:
    """A point of a computed series. It is missing if one of its operands is, and where a division is by zero."""
    if any(each is None for each in values):
        return None
    try:
        return float(function(*values))
    except (ArithmeticError, ValueError, TypeError):
        return None


def _fold(function: Callable[[Sequence[float]], float], values: Sequence[float | None]) -> float | None:
    real = [each for each in values if each is not None]
    return float(function(real)) if real else None


def _choose(condition: float | None, then: float | None, otherwise: float | None) -> float | None:
    if condition is None:
        return None
    return then if condition else otherwise


def _repeat(series: Series) -> Series:
    filled: list[float | None] = []
    for each in series:
        filled.append(filled[-1] if each is None and filled else each)
    return tuple(filled)
