package entra

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/usher-scim/scim/idp"
)

// ErrorCode is what the provisioning log calls a failure.
type ErrorCode string

// The error codes of the provisioning log. Entra documents that most of them follow
// from the status of an answer and not which; codesByStatus has the choice made here.
const (
	CodeEntryConflict          ErrorCode = "EntryConflict"
	CodeTooManyRequests        ErrorCode = "TooManyRequests"
	CodeInternalServerError    ErrorCode = "InternalServerError"
	CodeInsufficientRights     ErrorCode = "InsufficientRights"
	CodeMethodNotAllowed       ErrorCode = "MethodNotAllowed"
	CodeUnauthorized           ErrorCode = "Unauthorized" //nolint:misspell // as Entra spells it
	CodeUnprocessableEntity    ErrorCode = "UnprocessableEntity"
	CodeWebException           ErrorCode = "WebExceptionProtocolError"
	CodeInvalidAnchor          ErrorCode = "InvalidAnchor"
	CodeNotImplemented         ErrorCode = "NotImplemented"
	CodeSchemaAttributeUnknown ErrorCode = "SchemaAttributeNotFound"
	CodeInternalError          ErrorCode = "InternalError"
	CodeTimeout                ErrorCode = "Timeout"
	CodeLicenseLimitExceeded   ErrorCode = "LicenseLimitExceeded"
	CodeDuplicateTarget        ErrorCode = "DuplicateTargetEntries"
	CodeDuplicateSource        ErrorCode = "DuplicateSourceEntries"
	CodeImportSkipped          ErrorCode = "ImportSkipped"
	CodeSkipped                ErrorCode = "EntrySynchronizationSkipped"
	CodeBadRequest             ErrorCode = "SystemForCrossDomainIdentityManagementBadRequest"
	CodeMultipleEntries        ErrorCode = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"
	CodeIncompatible           ErrorCode = "SystemForCrossDomainIdentityManagementServiceIncompatible"
	CodeIncompatibleFiltering  ErrorCode = "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"
	CodeCredentials            ErrorCode = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"
)

// codesByStatus is the code of an answer that refuses. Nothing says how a service
// provokes LicenseLimitExceeded; here it is by 402 Payment Required.
var codesByStatus = map[int]ErrorCode{
	http.StatusBadRequest:          CodeBadRequest,
	http.StatusUnauthorized:        CodeUnauthorized,
	http.StatusPaymentRequired:     CodeLicenseLimitExceeded,
	http.StatusForbidden:           CodeInsufficientRights,
	http.StatusNotFound:            CodeInvalidAnchor,
	http.StatusMethodNotAllowed:    CodeMethodNotAllowed,
	http.StatusRequestTimeout:      CodeTimeout,
	http.StatusConflict:            CodeEntryConflict,
	http.StatusUnprocessableEntity: CodeUnprocessableEntity,
	http.StatusTooManyRequests:     CodeTooManyRequests,
	http.StatusInternalServerError: CodeInternalServerError,
	http.StatusNotImplemented:      CodeNotImplemented,
	http.StatusGatewayTimeout:      CodeTimeout,
}

// codesByType is the code of a 400 that says more.
var codesByType = map[string]ErrorCode{
	"invalidPath": CodeSchemaAttributeUnknown,
	"noTarget":    CodeSchemaAttributeUnknown,
	"uniqueness":  CodeEntryConflict,
}

// fault is why something could not be provisioned.
type fault struct {
	code   ErrorCode
	status int // of the answer; 0: there was none, or no request
	detail string
	again  bool   // nothing is wrong with the object: the next cycle tries again
	reason Reason // not "": the job goes into quarantine at once
	stop   bool   // the cycle ends here, and the next one begins where this one did
}

func (f *fault) Error() string { return string(f.code) + ": " + f.detail }

// ends reports whether nothing more is to be sent in this cycle.
func (f *fault) ends() bool { return f.stop || f.reason != "" }

// refused is the fault of an answer that is no success.
func refused(a *idp.Answer) *fault {
	kind, detail := a.Problem()
	f := &fault{code: codesByStatus[a.Status], status: a.Status, detail: detail}
	switch {
	case a.Status == http.StatusUnauthorized:
		f.reason = ReasonException
	case a.Status == http.StatusBadRequest && codesByType[kind] != "":
		f.code = codesByType[kind]
	case f.code == "" && a.Status >= http.StatusInternalServerError:
		f.code = CodeInternalServerError
	case f.code == "" && a.Status >= http.StatusBadRequest:
		f.code = CodeBadRequest
	case f.code == "": // neither success nor refusal, such as a redirect to a login page
		f.code = CodeIncompatible
	}
	if f.detail == "" {
		f.detail = http.StatusText(a.Status)
	}
	f.again = passing(a.Status)
	return f
}

// refusedLookUp is refused for the answer to a look-up.
func refusedLookUp(a *idp.Answer) *fault {
	f := refused(a)
	switch a.Status {
	case http.StatusNotFound:
		f.code, f.reason = CodeIncompatible, ReasonException
		f.detail = "a look-up that finds nobody has to be answered 200 with an empty list: " + f.detail
	case http.StatusForbidden:
		f.reason = ReasonException
	case http.StatusBadRequest, http.StatusNotImplemented:
		f.code = CodeIncompatibleFiltering
	}
	return f
}

// passing reports whether a status says nothing about the request: it may succeed
// when it is made again.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	case http.StatusNotImplemented:
		return false
	}
	return status >= http.StatusInternalServerError
}

// silent is the fault of a request without an answer.
func silent(err error) *fault {
	f := &fault{code: CodeWebException, detail: err.Error(), again: true}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		f.code = CodeTimeout
	}
	return f
}

// incompatible is the fault of an answer that cannot be understood.
func incompatible(a *idp.Answer, detail string) *fault {
	return &fault{code: CodeIncompatible, status: a.Status, detail: detail}
}
