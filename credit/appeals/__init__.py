"""Appeals (名单申诉): whoever was entered in the risk library by mistake says so, and somebody else looks at it again."""
