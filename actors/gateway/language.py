"""In which language a refusal speaks: Chinese, unless the caller asks for English (`Accept-Language`), and what is wrong with a
field in Chinese, where the models' library knows it in English alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_FAULTS = {
    "missing": "缺少必填项",
    "extra_forbidden": "不是此处的字段",
    "string_type": "应为文本",
    "string_too_long": "最多{max_length}个字符",
    "string_too_short": "至少{min_length}个字符",
    "string_pattern_mismatch": "格式应为 {pattern}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数值过大",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than": "应大于{gt}",
    "greater_than_equal": "不得小于{ge}",
    "less_than": "应小于{lt}",
    "less_than_equal": "不得大于{le}",
    "literal_error": "应为以下之一：{expected}",
    "list_type": "应为列表",
    "dict_type": "应为 JSON 对象",
    "too_long": "最多{max_length}项",
    "too_short": "至少{min_length}项",
    "model_attributes_type": "应为 JSON 对象",
    "date_type": "应为日期，如 2026-03-01",
    "date_parsing": "应为日期，如 2026-03-01",
    "date_from_datetime_parsing": "应为日期，如 2026-03-01",
    "date_from_datetime_inexact": "应为日期，不带时刻，如 2026-03-01",
    "text_characters": "不得含控制字符或格式字符，且不得为空白",
    "person_name": "姓名只能由文字、空格、间隔号（·）、连字符、撇号和句点组成",
    "company_name": "企业名称只能由文字、数字、空格、括号和常用标点组成",
    "last_day": "应为日期，如 2031-05-01，或 long_term（长期）",
    "json_invalid": "不是有效的 JSON",
}
"""By pydantic's name of the fault (https://docs.pydantic.dev/latest/errors/validation_errors/), with what it says of it."""


def fault_zh(error: Mapping[str, Any]) -> str:
    """What one of pydantic's errors says, in Chinese."""
    said = _FAULTS.get(str(error["type"]))
    return said.format(**error.get("ctx", {})) if said else f"格式有误（{error['msg']}）"


def wants_english(accepted: str) -> bool:
    """Whether an `Accept-Language` (RFC 9110) would rather have English than Chinese: ``en-GB, zh;q=0.5``."""
    weights = {"en": 0.0, "zh": 0.0}
    for tag, weight in re.findall(
        r"([a-z]{2})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*(?:,|$)", accepted.lower()
    ):
        if tag in weights:
            weights[tag] = max(weights[tag], float(weight or 1))
    return weights["en"] > weights["zh"]
