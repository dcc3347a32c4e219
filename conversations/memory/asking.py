"""Small questions to the model beside the answers: for a title, a summary, follow-up questions. All on the books."""

from django.conf import settings

from accounts.models import User
from agents.client import Completion, Endpoint, complete
from agents.endpoint import Messages
from agents.errors import AgentError
from conversations.models import Conversation, Kind, Reply, Status
from conversations.usage import Call, begin, counter_of, learn, settle


def ask(
    *,
    kind: Kind,
    conversation: Conversation,
    messages: Messages,
    temperature: float,
    max_tokens: int,
    seconds: float,
    model: str = "",
    reply: Reply | None = None,
    user: User | None = None,
) -> Completion:
    """Ask and wait for the whole answer, at most `seconds`. `model` is the endpoint's default unless it is named.

    What it cost is recorded, also when it fails or this process dies, and put down to `user`, else to whoever asked for
    `reply`, else to the owner. Call it outside a transaction: it waits for the network. Raises AgentError.
    """
    model = model or settings.OPENAI_MODEL
    endpoint = Endpoint(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL)
    messages = list(messages)
    counter = counter_of(model)
    call = Call(sum(counter.message(message["content"]) for message in messages), counter)
    row = begin(kind=kind, call=call, model=model, conversation=conversation, reply=reply, user=user)
    try:
        answer = complete(
            endpoint, messages, model=model, temperature=temperature, max_tokens=max_tokens, timeout=seconds
        )
    except AgentError as error:
        settle(row, call.end(Status.FAILED, error=error))
        raise
    call.received.append(answer.text)
    if answer.usage is not None:
        learn(model, counter, counted=call.sent, reported=answer.usage.prompt_tokens)
    settle(row, call.end(Status.COMPLETE, reported=answer.usage))
    return answer
