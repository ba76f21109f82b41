"""Who may see and do what: users, sessions, tokens, roles, and the guards of every route."""

from web.auth.auth import Auth, SignIn
from web.auth.guard import csrf_token, public, require, session_of, user_of
from web.auth.roles import Role, User

__all__ = [
    "Auth",
    "Role",
    "SignIn",
    "User",
    "csrf_token",
    "public",
    "require",
    "session_of",
    "user_of",
]
